import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../ops/lock.ts";

/** Whether tests may make namespaces and set what the kernel has once for all: Linux, as root, /proc/sys writable. */
export function maySetKernel(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["--net", "--mount", "true"], { stdio: "ignore" });
    writeFileSync("/proc/sys/vm/swappiness", readFileSync("/proc/sys/vm/swappiness"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Has the settings that no namespace keeps apart for one test file alone, until the answer is called: that puts back
 * what there was before, whatever has happened.
 */
export async function holdKernel(): Promise<() => Promise<void>> {
  let end = (): void => {};
  let held: Promise<void> = Promise.resolve();
  await new Promise<void>((ready, fail) => {
    const work = () =>
      new Promise<void>((done) => {
        end = done;
        ready();
      });
    const lock = join(tmpdir(), "hearth-test-kernel.lock");
    held = withLock(lock, "the settings of the kernel", AbortSignal.timeout(170_000), work);
    held.catch(fail);
  });
  const kept = keptSettings();
  return async () => {
    for (const [file, value] of kept) if (readFileSync(file, "utf8") !== value) writeFileSync(file, value);
    end();
    await held;
  };
}

function keptSettings(): [file: string, value: string][] {
  const files = ["/proc/sys/vm/overcommit_memory", "/proc/sys/vm/swappiness"];
  const hugePages = "/sys/kernel/mm/transparent_hugepage/enabled";
  return [
    ...files.map((file): [string, string] => [file, readFileSync(file, "utf8")]),
    [hugePages, /\[(\w+)\]/.exec(readFileSync(hugePages, "utf8"))?.[1] ?? "madvise"],
  ];
}
