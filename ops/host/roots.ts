import { accessSync, constants, readFileSync } from "node:fs";

/** Where the machine's own files are: tests read a tree that they made. */
export interface HostRoots {
  readonly proc: string;
  readonly sys: string;
  readonly etc: string;
  /** Folder of the record of what Hearth has set on this machine, for all its stacks. */
  readonly state: string;
}

/** The machine that the tool runs on. */
export const thisMachine: HostRoots = { proc: "/proc", sys: "/sys", etc: "/etc", state: "/var/lib/hearth" };

/** A file's text, without the end of its last line; undefined when it is not there or may not be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch {
    return undefined; // another system, another kernel, a container: then nothing can be said about it
  }
}

/** Why a setting cannot be changed from here; undefined when it can. */
export function whyNotWritable(path: string): "read-only" | "root" | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EROFS" ? "read-only" : "root";
  }
}
