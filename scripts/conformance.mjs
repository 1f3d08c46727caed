// npm run test:conformance [-- options of vitest]: the one suite of test/e2e/conformance for every topology on every
// target. HEARTH_REQUIRE=local,docker makes a failure of a target that this machine does not have.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./bootstrap/paths.mjs";

const test = path.join(root, "scripts", "test.mjs");
const { status } = spawnSync(process.execPath, [test, "e2e", "test/e2e/conformance", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
