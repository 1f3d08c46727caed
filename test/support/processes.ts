import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Processes of this machine whose command line names this folder: pid and command line. Linux. */
export function processesIn(folder: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        const cwd = readFileSync(`/proc/${name}/environ`, "utf8");
        return command.includes(folder) || cwd.includes(`PWD=${folder}`) ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}

/** Pid of a node, as Hearth recorded it. */
export function pidOf(directory: string, node: string): number {
  return JSON.parse(readFileSync(join(directory, node, "process.json"), "utf8")).pid;
}
