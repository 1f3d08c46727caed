// Makes a bare clone ready, with nothing but Node >= 20 and npm to start from. What is there already costs a few
// stat calls. Run alone: node scripts/bootstrap.mjs
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bootstrap/bundle.mjs";
import { engine } from "./bootstrap/engine.mjs";
import { nodeModules } from "./bootstrap/node-modules.mjs";
import { binFolder, prependPath } from "./bootstrap/paths.mjs";
import { redis } from "./bootstrap/redis.mjs";
import { main, StepError } from "./bootstrap/step.mjs";

/**
 * Does what is missing, and sets the PATH of this process for its children: the project's Node 24 and the Pulumi
 * engine first. Everything is made ready unless `only: "packages"` asks for node_modules alone.
 */
export async function bootstrap({ only } = {}) {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new StepError(`Node >= 20 is needed to start, and this is ${process.versions.node}.`);
  await nodeModules();
  const folders = [binFolder];
  if (only !== "packages") {
    const engineFolder = await engine();
    if (engineFolder) folders.push(engineFolder);
    await redis();
    await bundle();
  }
  process.env.PATH = prependPath(folders);
}

/**
 * Runs this script again by the project's Node 24 when it was started by another, and ends with it. To be called
 * after `bootstrap`, before importing TypeScript.
 */
export async function underProjectNode() {
  const node = path.join(binFolder, "node");
  if (realpathSync(process.execPath) === realpathSync(node)) return;
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  const forward = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  process.exit(await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1))));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main(() => bootstrap());
