// npm run check: Biome (style, mistakes, circular imports), types, lock file. All of them, also when one fails.

import { root } from "./bootstrap/paths.mjs";
import { main } from "./bootstrap/step.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { run } from "./run.mjs";

const checks = [
  // Biome colours what goes into a log as well.
  ["biome", "ci", ...(process.stdout.isTTY ? [] : ["--colors=off"]), "."],
  ["tsc", "--noEmit", "-p", "tsconfig.json"],
  ["node", "scripts/lockfile.mjs"],
];

await main(async () => {
  await bootstrap({ only: "packages" });
  const failed = [];
  for (const [command, ...args] of checks) {
    if ((await run(command, args, { cwd: root })) !== 0) failed.push([command, ...args].join(" "));
  }
  if (failed.length === 0) return 0;
  console.error(`hearth: check failed: ${failed.join("; ")}`);
  return 1;
});
