import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { identify, isAlive, type ProcessIdentity } from "./process-record.ts";
import { waitFor } from "./wait.ts";

interface Owner extends ProcessIdentity {
  /** Tells two holders of one process apart. */
  readonly token: string;
}

/**
 * Holds a lock file while `work` runs: a tool left over from a killed `pulumi up` and a new one never work on the
 * same folder at once. A lock whose owner no longer runs is broken. Rejects when the lock is not had in time.
 *
 * @param path the lock file; its folder is made when it is missing (mode 0700)
 * @param subject for the error: `cache-0`
 */
export async function withLock<T>(
  path: string,
  subject: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const owner: Owner = { ...(identify(process.pid) ?? { pid: process.pid, started: "" }), token: token() };
  await waitFor(
    () => {
      if (claim(path, owner)) return { value: true };
      const holder = readOwner(path);
      if (holder && !isAlive(holder)) breakLock(path, holder, owner);
      return {
        missing: `the lock ${path}, held by process ${holder?.pid ?? "unknown"}: another operation works there`,
      };
    },
    { what: `working on ${subject}`, signal, everyMs: 25 },
  );
  try {
    return await work();
  } finally {
    if (readOwner(path)?.token === owner.token) rmSync(path, { force: true });
  }
}

const token = (): string => randomBytes(8).toString("hex");

/** Makes the file with its whole content or not at all: `link` fails when it exists. */
function claim(path: string, owner: Owner): boolean {
  const draft = `${path}.${owner.token}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    // ENOENT: the folder was removed by a `delete` meanwhile; the next look makes it again.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOENT") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Owner;
  } catch {
    return undefined; // released meanwhile
  }
}

/**
 * Removes the lock of an owner that is gone. Two that find the same stale lock must not both remove it: the slower
 * one would remove the new lock of the faster. So whoever breaks holds a second lock meanwhile, and looks again.
 */
function breakLock(path: string, stale: Owner, self: Owner): void {
  const breaking = join(dirname(path), `${stale.token}.breaking`);
  if (!claim(breaking, self)) {
    const other = readOwner(breaking);
    if (other && !isAlive(other)) rmSync(breaking, { force: true });
    return;
  }
  if (readOwner(path)?.token === stale.token) rmSync(path, { force: true });
  rmSync(breaking, { force: true });
}
