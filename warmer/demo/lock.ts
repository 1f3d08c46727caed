import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Nothing that is done under a lock takes this long; a lock this old was left by a machine that died. */
const abandonedMs = 120_000;

/**
 * Runs `work` while no other process of this machine runs its own under the same file. The lock of a
 * process that is gone is taken over.
 */
export async function withLock<T>(file: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      await writeFile(file, `${process.pid}\n`, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw error;
      }
    }
    if (await isAbandoned(file)) {
      await rm(file, { force: true });
    } else {
      await delay(20, undefined, signal === undefined ? {} : { signal });
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const about = await stat(file).catch(() => undefined);
  if (about === undefined) {
    return false;
  }
  const text = await readFile(file, "utf8").catch(() => "");
  const age = Date.now() - about.mtimeMs;
  // A file without its pid is one that is being written just now.
  return age > abandonedMs || (/^\d+\n$/.test(text) ? !isAlive(Number(text)) : age > 5000);
}

/** Whether a process has this pid, of whatever user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
