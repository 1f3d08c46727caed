import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A process of this machine, so that a recycled pid is never taken for it: the pid together with the moment it
 * started (Linux: boot id and clock ticks since that boot; elsewhere: the start time that `ps` prints).
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** `<pid>@<start>`: changes with every start, so that what depends on the running server can tell. */
export function instanceOf(identity: ProcessIdentity): string {
  return `${identity.pid}@${identity.started}`;
}

/** When the process with this pid started; undefined when there is none (a zombie counts as none). */
export function startOf(pid: number): string | undefined {
  return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
}

function startOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may hold anything; the third (index 0 here) is the state.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields[19];
  if (fields[0] === "Z" || fields[0] === "X" || ticks === undefined) return undefined;
  return `${bootId()}:${ticks}`;
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().slice(0, 8);
  return knownBootId;
}

function startByPs(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", `${pid}`], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    const [state = "", ...start] = line.split(/\s+/);
    return line === "" || state.startsWith("Z") ? undefined : start.join(" ");
  } catch {
    return undefined; // ps exits 1 when there is no such process
  }
}

/** The identity of a running process; undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True while exactly this process runs: same pid, same start. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startOf(identity.pid) === identity.started;
}

/** The folder in which a process works; undefined when it is gone or belongs to somebody else. */
export function workingFolderOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") return readlinkSync(`/proc/${pid}/cwd`);
    const listing = execFileSync("lsof", ["-a", "-p", `${pid}`, "-d", "cwd", "-Fn"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return /^n(.*)$/m.exec(listing)?.[1];
  } catch {
    return undefined;
  }
}

const recordName = "process.json";

/** The process last started in a node's folder, running or not; undefined when none was recorded. */
export function readRecord(folder: string): ProcessIdentity | undefined {
  try {
    const record = JSON.parse(readFileSync(join(folder, recordName), "utf8"));
    return typeof record.pid === "number" && typeof record.started === "string" ? record : undefined;
  } catch {
    return undefined; // never written, or the folder is gone: there is no record
  }
}

/** Records the process of a node's folder. Atomic: a reader sees the old record or the new one. */
export function writeRecord(folder: string, { pid, started }: ProcessIdentity): void {
  writeAtomically(join(folder, recordName), `${JSON.stringify({ pid, started })}\n`);
}

/** Forgets the process of a node's folder: it was stopped. */
export function removeRecord(folder: string): void {
  rmSync(join(folder, recordName), { force: true });
}

/** Writes a file of mode 0600 so that no reader, and no crash, ever meets half of it. */
export function writeAtomically(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}
