import { spawn } from "node:child_process";
import { findProgram } from "./redis-binary.ts";

/** What nft answered. */
export interface NftAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it said to a failure, without the lines that quote the input. */
  readonly reason: string;
}

/** Folders of programs for root, which the PATH of other users often lacks: nft is looked for there as well. */
const rootFolders = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/** Path of nft; undefined where it is not installed. */
export function findNft(): string | undefined {
  return findProgram("nft", rootFolders);
}

/** Runs nft, with this text on its stdin. Rejects only when it cannot be started, or was aborted. */
export function nft(program: string, args: readonly string[], input: string, signal: AbortSignal): Promise<NftAnswer> {
  return new Promise((resolve, reject) => {
    // Messages are matched: they must be in English. Nothing else of the environment is its business.
    const env = { LC_ALL: "C", PATH: process.env.PATH };
    const child = spawn(program, args, { env, signal, stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => {}); // it has ended before it read everything: its exit code tells
    child.on("error", reject);
    child.on("close", (code) => {
      const said = stderr.split("\n").filter((line) => /error|not permitted|denied/i.test(line));
      resolve({ ok: code === 0, stdout, reason: said.slice(0, 3).join("; ").trim() || `exit code ${code}` });
    });
    child.stdin.end(input);
  });
}
