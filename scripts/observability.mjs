// npm run test:observability [-- options of vitest]: rules, dashboards, live alert drills, runbooks, health and the
// warmer's metrics: everything by which a deployment is watched. HEARTH_REQUIRE=docker,kubernetes makes a failure of what is missing.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";

const test = path.join(root, "scripts", "test.mjs");
const files = [
  "test/unit/monitoring",
  "test/unit/health",
  "test/e2e/monitoring",
  "test/e2e/health",
  "test/e2e/stack/monitoring.test.ts",
  "test/e2e/warming/metrics.test.ts",
  "test/e2e/docker/exporters.test.ts",
  "test/e2e/docker/exporter-renewal.test.ts",
  "test/e2e/docker/health.test.ts",
  "test/e2e/kubernetes/monitoring.test.ts",
];
const { status } = spawnSync(process.execPath, [test, "unit", "e2e", ...files, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
