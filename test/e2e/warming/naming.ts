import { readdirSync, readFileSync } from "node:fs";

/** Processes of this machine whose command line names something: pid and command line. Linux. */
export function processesNaming(text: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return command.includes(text) ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // gone meanwhile
      }
    });
}
