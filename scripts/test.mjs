// npm test: makes this machine ready and runs every test. node scripts/test.mjs [unit|component|e2e ...] [options of
// vitest]. HEARTH_RESULTS names a file for vitest's JSON report. The last line is `N passed, N failed`, with `, N
// skipped` where there were any.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { dockerForTests } from "./bootstrap/docker.mjs";
import { dockerPlugin } from "./bootstrap/docker-plugin.mjs";
import { kubernetesForTests } from "./bootstrap/kubernetes.mjs";
import { kubernetesPlugin } from "./bootstrap/kubernetes-plugin.mjs";
import { root } from "./bootstrap/paths.mjs";
import { main } from "./bootstrap/step.mjs";
import { testTools } from "./bootstrap/test-tools.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { run } from "./run.mjs";

const projects = ["unit", "component", "e2e"];
const none = { passed: 0, failed: 0, skipped: 0 };

/** More files than this that fail are no matter of a busy machine. */
const mostAgain = 5;

await main(async () => {
  const args = process.argv.slice(2);
  const chosen = args.filter((arg) => projects.includes(arg)).map((project) => `--project=${project}`);
  const rest = args.filter((arg) => !projects.includes(arg));
  await bootstrap();
  await testTools();
  const everything = args.length === 0;
  const withDocker = chosen.length === 0 || args.includes("e2e");
  const docker = withDocker ? await dockerForTests({ images: everything }) : undefined;
  const kubernetes = withDocker ? await kubernetesForTests() : undefined;

  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-test-"));
  const file = process.env.HEARTH_RESULTS || path.join(folder, "results.json");
  try {
    const first = await vitest(file, [...chosen, ...rest]);
    const { code, report } = everything ? await mend(path.join(folder, "again.json"), first) : first;
    const { passed, failed, skipped } = report ? count(report) : none;
    if (code !== 0 && failed === 0) console.error(`hearth: vitest ended with exit code ${code}, outside any test`);
    if (passed + failed === 0) console.error("hearth: no test ran");
    await kubernetes?.stop();
    await docker?.stop();
    if (kubernetes && !process.env.HEARTH_NO_KUBERNETES) {
      console.error(`hearth: Kubernetes: ${kubernetes.said}; provider: ${await kubernetesPlugin()}`);
    }
    if (docker) console.error(`hearth: Docker: ${docker.said}; provider: ${await dockerPlugin()}`);
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    return code !== 0 || failed > 0 || passed === 0 ? 1 : 0;
  } finally {
    await kubernetes?.stop();
    await docker?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Runs vitest; its exit code, and its report where it came as far as that. */
async function vitest(file, args) {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await run("vitest", ["run", ...reporters, ...args], { cwd: root });
  return { code, report: existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined };
}

/**
 * Runs a few files that failed beside all others once more, by themselves: what needs a machine that keeps its time is
 * told apart from what is broken. Whatever passes only then is named.
 */
async function mend(file, first) {
  const failed = first.report?.testResults.filter(({ status }) => status === "failed") ?? [];
  if (failed.length === 0 || failed.length > mostAgain) return first;
  const names = failed.map(({ name }) => path.relative(root, name));
  console.error(`hearth: failed beside others, run again by themselves: ${names.join(", ")}`);
  const { code, report } = await vitest(file, ["--no-file-parallelism", ...names]);
  const again = new Map(report?.testResults.map((results) => [results.name, results]));
  for (const { name, assertionResults } of failed.filter(({ name }) => again.get(name)?.status === "passed")) {
    for (const { fullName } of assertionResults.filter((test) => test.status === "failed"))
      console.error(`hearth: passed only by itself: ${path.relative(root, name)}: ${fullName}`);
  }
  const testResults = first.report.testResults.map((results) => again.get(results.name) ?? results);
  return { code, report: { ...first.report, testResults } };
}

/** Totals of a report. A file that fails before its first test counts as one failed test. */
function count(report) {
  const totals = { ...none };
  for (const { status, assertionResults } of report.testResults) {
    const failed = assertionResults.filter((test) => test.status === "failed").length;
    const passed = assertionResults.filter((test) => test.status === "passed").length;
    totals.passed += passed;
    totals.failed += failed > 0 || status !== "failed" ? failed : 1;
    totals.skipped += assertionResults.length - passed - failed;
  }
  return totals;
}
