// npm run test:conformance [-- options of vitest]: the one suite of test/e2e/conformance for every topology on every
// target, and what became of each. HEARTH_REQUIRE=local,docker,kubernetes makes a failure of a target that this machine
// does not have.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";

const topologies = ["standalone", "sentinel", "cluster"];
const targets = ["local", "docker", "kubernetes"];

const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-conformance-"));
const results = path.join(folder, "results.json");
try {
  const test = path.join(root, "scripts", "test.mjs");
  const { status } = spawnSync(process.execPath, [test, "e2e", "test/e2e/conformance", ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, HEARTH_RESULTS: results },
  });
  if (existsSync(results)) printMatrix(JSON.parse(readFileSync(results, "utf8")).testResults);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function printMatrix(files) {
  const width = 26;
  console.log(
    ["conformance", ...targets]
      .map((cell) => cell.padEnd(width))
      .join("")
      .trimEnd(),
  );
  for (const topology of topologies) {
    const cells = targets.map((target) =>
      summary(files.find(({ name }) => name.endsWith(`/${topology}-${target}.test.ts`))),
    );
    console.log(
      [topology, ...cells]
        .map((cell) => cell.padEnd(width))
        .join("")
        .trimEnd(),
    );
  }
}

/** What became of a topology on a target. */
function summary(file) {
  if (!file) return "not run";
  const count = (status) => file.assertionResults.filter((result) => result.status === status).length;
  const [passed, failed] = [count("passed"), count("failed")];
  if (failed > 0 || (file.status === "failed" && passed === 0)) return `${failed || "all"} FAILED, ${passed} passed`;
  return passed === 0 ? "skipped" : `${passed} passed, ${Math.round((file.endTime - file.startTime) / 1000)} s`;
}
