// Step: dist/hearth.cjs, the bundled tool, newer than what it is made of.
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";
import { step } from "./step.mjs";

const provider = "infra/operations/provider.ts";
const sources = [
  "contract",
  "ops",
  "warmer",
  "cli",
  "proxy",
  provider,
  "scripts/build.mjs",
  "package.json",
  "node_modules/.hearth-stamp",
];

/** Builds the tool when it is missing or older than its sources. */
export async function bundle() {
  const stale = staleness();
  if (!stale || !existsSync(path.join(root, "cli", "main.ts"))) return;
  await step("bundling the tool dist/hearth.cjs", stale, async () => {
    const { buildTool } = await import("../build.mjs");
    await buildTool();
  });
}

function staleness() {
  const built = statSync(path.join(root, "dist", "hearth.json"), { throwIfNoEntry: false });
  if (!built || !existsSync(path.join(root, "dist", "hearth.cjs"))) return "it is missing";
  for (const source of sources) {
    const newer = findNewer(path.join(root, source), built.mtimeMs);
    if (newer) return `${path.relative(root, newer)} is newer`;
  }
  return undefined;
}

/** A file or folder changed after `time`. A folder's own time tells of files that were removed. */
function findNewer(file, time) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (stat.mtimeMs > time) return file;
  if (!stat.isDirectory()) return undefined;
  for (const entry of readdirSync(file)) {
    const newer = findNewer(path.join(file, entry), time);
    if (newer) return newer;
  }
  return undefined;
}
