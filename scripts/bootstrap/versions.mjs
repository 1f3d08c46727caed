// The version of a program, asked once: starting it costs more than all the rest of a satisfied bootstrap.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "./paths.mjs";

/**
 * The version that a program reports, as `[major, minor, patch]`, or undefined when it reports none. Remembered in
 * the cache folder for as long as the file stays the same (path, size, time of change).
 */
export function programVersion(file, args) {
  const memory = path.join(cacheFolder(), "versions.json");
  const target = realpathSync(file);
  const { size, mtimeMs } = statSync(target);
  const key = [file, target, size, mtimeMs].join("|");
  const known = read(memory);
  known[key] ??= ask(file, args);
  if (known[key] === undefined) return undefined;
  remember(memory, key, known[key]);
  return known[key].split(".").map(Number);
}

/** `[3, 200, 0]` is at least `[3, 150]`. */
export function atLeast(version, minimum) {
  for (const [index, wanted] of minimum.entries()) {
    const part = version[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

function ask(file, args) {
  try {
    const output = execFileSync(file, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 20_000,
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    return /(\d+\.\d+\.\d+)/.exec(output)?.[1];
  } catch {
    return undefined; // a program that cannot say its version is one that does not work
  }
}

function read(memory) {
  try {
    return JSON.parse(readFileSync(memory, "utf8"));
  } catch {
    return {};
  }
}

function remember(memory, key, version) {
  const known = read(memory);
  if (known[key] === version) return;
  try {
    mkdirSync(path.dirname(memory), { recursive: true });
    const temporary = `${memory}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify({ ...known, [key]: version }, null, 2)}\n`);
    renameSync(temporary, memory);
  } catch {
    // A cache folder that cannot be written costs time, nothing else.
  }
}
