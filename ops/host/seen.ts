import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostRoots } from "./roots.ts";
import { kernelSettings, pathOf } from "./settings.ts";

/**
 * What was looked at, and a digest of it. The provider compares it at every `preview` and `up` (infra/operations/
 * provider.ts, which computes the same), and asks the tool again only when the machine has changed since.
 */
export interface Seen {
  readonly files: readonly string[];
  readonly digest: string;
}

/** The kernel's settings and the limits of this process; not the amounts that change all the time. */
export function seenNow(roots: HostRoots): Seen {
  const files = [...kernelSettings.map(({ name }) => pathOf(name, roots)), join(roots.proc, "self/limits")];
  const hash = createHash("sha256");
  for (const file of files) hash.update(textOf(file));
  return { files, digest: hash.digest("hex") };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
