import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

/** How a command has ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `hearth` that runs from source. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has said so far. */
  readonly said: { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<Ended>;
}

/** Starts `hearth` from source; `input` goes to its standard input. */
export function startHearth(args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, stdio: "pipe" });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (piece) => {
      said[name] += piece;
    });
  }
  child.stdin.on("error", () => {}); // it has ended before it read all
  child.stdin.end(input);
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...said }));
  return { child, said, ended };
}

/** Runs it to its end. */
export async function hearth(args: readonly string[], input?: string, env?: NodeJS.ProcessEnv): Promise<Ended> {
  return await startHearth(args, input, env).ended;
}
