import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Endpoint } from "../../contract/endpoint.ts";

/** The option under which a command runs again as a process of its own. Not for users. */
export const detachedOption = "--detached";

/** Time in which a run is seen to begin: later failures are the log's to tell. */
const beginMs = 5000;

/** Variables that hold secrets: they do not go into the environment of a process that stays. */
const secretVariables = ["DATABASE_URL", "PGPASSWORD"];

interface HandedOver {
  readonly endpoint: Endpoint;
  readonly variables: Readonly<Record<string, string>>;
}

/** The log of a run whose report goes to `report`: `warm.json` -> `warm.log`. */
export function logOf(report: string): string {
  return report.replace(/\.\w+$/, ".log");
}

/**
 * Starts this command again as a process of its own, which outlives this one and the terminal, and returns as soon as
 * it has begun: 0, or its own exit code where it ended at once. Secrets are handed over by a pipe: neither argv nor
 * environment holds them. The report is written when the run ends; an earlier one of that name is removed.
 */
export async function detach(endpoint: Endpoint, report: string): Promise<number> {
  const log = logOf(report);
  const output = openSync(log, "w", 0o600);
  rmSync(report, { force: true });
  const [main = "", ...given] = process.argv.slice(1);
  const args = given.map((word) => (word === "--detach" ? detachedOption : word));
  const secrets = (name: string) => secretVariables.includes(name);
  const environment = Object.entries(process.env).filter(([name]) => !secrets(name));
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    detached: true,
    env: Object.fromEntries(environment),
    stdio: ["ignore", output, output, "ipc"],
  });
  closeSync(output);
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const begun = once(child, "message").then(() => "begun" as const);
  const variables = Object.fromEntries(secretVariables.flatMap((name) => withValue(name)));
  child.send({ endpoint, variables } satisfies HandedOver, () => {}); // its end tells what was wrong
  const late = new AbortController();
  const slow = delay(beginMs, "begun" as const, { signal: late.signal }).catch(() => "begun" as const);
  const outcome = await Promise.race([ended, begun, slow]);
  late.abort();
  if (outcome !== "begun") {
    process.stderr.write(readFileSync(log, "utf8"));
    return outcome ?? 1;
  }
  child.disconnect();
  child.unref();
  process.stdout.write(
    [
      `warming in the background, process ${child.pid}`,
      `  follow it:  tail -f ${log}`,
      `  end it:     kill -INT ${child.pid}   (the next run goes on from there)`,
      `  report:     ${report}, when it has ended`,
      "",
    ].join("\n"),
  );
  return 0;
}

/**
 * What {@link detach} has handed over to this process, whose log ends with its exit code. `begun` tells the one who
 * started it that he may go.
 */
export async function takeOver(): Promise<{ readonly endpoint: Endpoint; begun(): void }> {
  process.on("exit", (code) => void writeSync(2, `hearth: ended with exit code ${code}\n`));
  const [message] = (await once(process, "message")) as [HandedOver];
  Object.assign(process.env, message.variables);
  const leave = () => process.connected && process.disconnect();
  return {
    endpoint: message.endpoint,
    begun: () => void (process.connected && process.send?.("begun", leave)),
  };
}

function withValue(name: string): [string, string][] {
  const value = process.env[name];
  return value === undefined ? [] : [[name, value]];
}
