// package-lock.json must work on every platform and with every registry. node scripts/lockfile.mjs [--fix]
//
// Two things go wrong on a machine whose registry lacks the builds for other platforms: npm leaves them out of the
// lock file, and then `npm ci` refuses that very file ("Missing: ... from lock file"). And npm may write down the
// registry that it used. Run with --fix after every npm install.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";
import { main, StepError } from "./bootstrap/step.mjs";

const file = path.join(root, "package-lock.json");

function check(fix) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const problems = [...completeOptional(lock.packages), ...forgetRegistry(lock.packages)];
  if (problems.length === 0) return 0;
  if (!fix) {
    throw new StepError(`package-lock.json: ${problems.join("; ")}. To correct it: node scripts/lockfile.mjs --fix`);
  }
  const sorted = Object.keys(lock.packages).sort((a, b) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries(sorted.map((key) => [key, lock.packages[key]]));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.error(`hearth: package-lock.json corrected: ${problems.join("; ")}`);
  return 0;
}

/** Adds optional builds that no entry stands for, and names them. */
function completeOptional(packages) {
  const problems = [];
  for (const [key, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      // Only an exact version can be written down without asking the registry.
      if (!/^\d+\.\d+\.\d+/.test(version)) continue;
      if (packages[`node_modules/${name}`] || packages[`${key}/node_modules/${name}`]) continue;
      packages[`node_modules/${name}`] = {
        version,
        ...platform(name),
        ...(entry.dev && { dev: true }),
        optional: true,
      };
      problems.push(`no entry for ${name}`);
    }
  }
  return problems;
}

/** What a build's name says about where it runs: `cli-linux-x64-musl`. */
function platform(name) {
  const os = /(android|darwin|freebsd|linux|openbsd|win32)/.exec(name)?.[1];
  const cpu = /(x64|arm64|arm|ia32|ppc64|riscv64|s390x)/.exec(name)?.[1];
  if (!os || !cpu) return {};
  return { cpu: [cpu], ...(name.endsWith("-musl") && { libc: ["musl"] }), os: [os] };
}

function forgetRegistry(packages) {
  const problems = [];
  for (const [key, entry] of Object.entries(packages)) {
    if (!/^https?:/.test(entry.resolved ?? "")) continue;
    delete entry.resolved;
    problems.push(`${key} names a registry`);
  }
  return problems;
}

await main(() => check(process.argv.includes("--fix")));
