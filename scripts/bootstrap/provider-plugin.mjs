// Step of the tests: one of Pulumi's provider plugins. In this order: on the PATH, in Pulumi's cache, downloaded by
// Pulumi, the stand-in of test/support.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { unreachable } from "./engine-download.mjs";
import { cacheFolder, displayPath, findProgram, prependPath, root } from "./paths.mjs";
import { runQuietly, step } from "./step.mjs";

/** For how long a download that was not possible is not tried again. */
const patienceMs = 24 * 3600 * 1000;

/**
 * Finds the plugin of this name (`docker`), or has Pulumi download it, or puts the stand-in on this process's PATH.
 * Returns which, for people.
 */
export async function providerPlugin(name) {
  const standIn = path.join(root, "test", "support", `${name}-plugin`, "bin");
  const { version } = createRequire(path.join(root, "package.json"))(`@pulumi/${name}/package.json`);
  const found = findProgram(`pulumi-resource-${name}`);
  if (found && path.dirname(found) !== standIn) return `official, ${displayPath(found)}`;
  const home = process.env.PULUMI_HOME || path.join(os.homedir(), ".pulumi");
  const installed = path.join(home, "plugins", `resource-${name}-v${version}`);
  if (existsSync(installed)) return `official ${version}`;
  const why = await notDownloaded(name, version);
  if (why === undefined) return `official ${version}`;
  process.env.PATH = prependPath([standIn]);
  return `the tests' stand-in for ${version} (${why})`;
}

/** Why the official plugin cannot be downloaded, remembered for a day so that nobody waits for it in every run. */
async function notDownloaded(name, version) {
  const memory = path.join(cacheFolder(), `${name}-plugin-${version}.txt`);
  const stat = statSync(memory, { throwIfNoEntry: false });
  if (stat && Date.now() - stat.mtimeMs < patienceMs) return readFileSync(memory, "utf8").trim();
  const why = (await unreachable()) ?? (await download(name, version));
  if (why === undefined) return undefined;
  mkdirSync(path.dirname(memory), { recursive: true });
  writeFileSync(memory, `${why}\n`);
  return why;
}

async function download(name, version) {
  try {
    await step(`downloading Pulumi's provider for ${name}, ${version}`, "for tests", () =>
      runQuietly("pulumi", ["plugin", "install", "resource", name, version], { deadlineSeconds: 120, lines: 1 }),
    );
    return undefined;
  } catch (error) {
    return error.message.replaceAll("\n", " ");
  }
}
