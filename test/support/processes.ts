import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Processes of this machine that work in this folder, or were started by an engine that was (its environment names the
 * folder): servers, engines, providers, tools. Linux.
 */
export function processesIn(folder: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const works = readlinkSync(`/proc/${name}/cwd`).startsWith(folder);
        const environment = readFileSync(`/proc/${name}/environ`, "utf8");
        return command !== "" && (works || environment.includes(folder)) ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // gone meanwhile
      }
    });
}

/** Pid of a node, as Hearth recorded it. */
export function pidOf(directory: string, node: string): number {
  return JSON.parse(readFileSync(join(directory, node, "process.json"), "utf8")).pid;
}

/** Whether a process runs; one that has ended and that nobody has asked after yet does not. Linux. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}
