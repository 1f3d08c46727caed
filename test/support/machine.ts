import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

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

/** The settings that no namespace keeps apart: read before a test, put back after it whatever happened. */
export function keepKernelSettings(): () => void {
  const files = ["/proc/sys/vm/overcommit_memory", "/proc/sys/vm/swappiness"];
  const hugePages = "/sys/kernel/mm/transparent_hugepage/enabled";
  const kept: [string, string][] = files.map((file) => [file, readFileSync(file, "utf8")]);
  kept.push([hugePages, /\[(\w+)\]/.exec(readFileSync(hugePages, "utf8"))?.[1] ?? "madvise"]);
  return () => {
    for (const [file, value] of kept) if (readFileSync(file, "utf8") !== value) writeFileSync(file, value);
  };
}
