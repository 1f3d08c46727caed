// Runs before the Pulumi program (Pulumi.yaml, nodeargs). Keeps compiled code between runs, which halves the time
// that loading @pulumi/pulumi takes, and keeps the SDK from doing what has no use here; and where `pulumi` was typed
// directly on a machine whose own Node cannot run TypeScript (it can since 22.18), hands over to the Node that npm
// installed with this project.
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  const node = join(__dirname, "../node_modules/node/bin/node");
  if (!existsSync(node)) {
    console.error(`Hearth's stack needs Node >= 22.18, this is ${process.versions.node}: run npm ci, or npm run up`);
    process.exit(1);
  }
  const run = spawnSync(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(run.status ?? 1);
}
enableCompileCache?.();
require("./lean-sdk.cjs");

// Pulumi takes a stack trace of every promise, and maps each through the sources of its SDK, 0.1 s a run. The program's
// own lines are right without: stripping types keeps them.
Object.defineProperty(Error, "prepareStackTrace", { get: () => undefined, set: () => {}, configurable: true });
