// Step: a Pulumi engine. In this order: on the PATH, in the cache folder, the official download, a build with Go.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildEngine, builtVersion } from "./engine-build.mjs";
import { downloadEngine, officialVersion, unreachable } from "./engine-download.mjs";
import { cacheFolder, displayPath, findProgram, isProgram, pathOutside } from "./paths.mjs";
import { StepError, step } from "./step.mjs";
import { atLeast, programVersion } from "./versions.mjs";

/** The oldest engine that is known to run this project's program. */
const minimum = [3, 150];

// What must stand together: the engine, what runs TypeScript programs, and what starts dynamic providers.
const programs = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

/** Finds or makes an engine. Returns the folder to put on the PATH, or undefined where the PATH has one already. */
export async function engine() {
  const onPath = lookOnPath();
  if (onPath.fits) return undefined;
  const cache = path.join(cacheFolder(), "engine", `${process.platform}-${process.arch}`);
  const downloaded = path.join(cache, `official-${officialVersion}`);
  const built = path.join(cache, `built-${builtVersion}`);
  for (const folder of [downloaded, built]) {
    if (programs.every((name) => isProgram(path.join(folder, name)))) return folder;
  }

  mkdirSync(cache, { recursive: true });
  removeAbandoned(cache);
  const reasons = [onPath.why];
  const offline = await unreachable();
  if (offline) {
    reasons.push(offline);
  } else {
    try {
      const what = `downloading the Pulumi engine ${officialVersion} into ${displayPath(downloaded)}`;
      return await step(what, reasons.join("; "), () => make(downloaded, downloadEngine));
    } catch (error) {
      reasons.push(`the download failed: ${error.message}`);
    }
  }
  const byHand =
    "By hand: install Pulumi >= 3.150 (https://www.pulumi.com/docs/install) so that pulumi and " +
    "pulumi-language-nodejs are on the PATH, or install Go >= 1.24, by which this step builds them.";
  if (!findProgram("go")) {
    throw new StepError(`no Pulumi engine: ${reasons.join("; ")}; no go on the PATH to build one.\n${byHand}`);
  }
  const what = `building the Pulumi engine ${builtVersion} with Go into ${displayPath(built)}, about 3 minutes`;
  try {
    return await step(what, reasons.join("; "), () => make(built, buildEngine));
  } catch (error) {
    throw new StepError(`the Pulumi engine could not be built: ${error.message}\n${byHand}`);
  }
}

function lookOnPath() {
  const found = findProgram("pulumi", pathOutside());
  if (!found) return { fits: false, why: "no pulumi on the PATH" };
  const version = programVersion(found, ["version"]);
  const where = displayPath(found);
  if (!version) return { fits: false, why: `${where} does not answer "pulumi version"` };
  if (!atLeast(version, minimum)) {
    return { fits: false, why: `${where} is ${version.join(".")}, needed is >= ${minimum.join(".")}` };
  }
  const searchPath = [path.dirname(found), pathOutside()].join(path.delimiter);
  const missing = programs.filter((name) => !findProgram(name, searchPath));
  return missing.length === 0 ? { fits: true } : { fits: false, why: `${where} is without ${missing.join(" and ")}` };
}

/** Makes a folder whole or not at all: made aside, then renamed. Of two at once, the first one stays. */
async function make(folder, work) {
  const aside = mkdtempSync(path.join(path.dirname(folder), `.making-${os.hostname()}-${process.pid}-`));
  try {
    await work(aside);
    const missing = programs.filter((name) => !isProgram(path.join(aside, "bin", name)));
    if (missing.length > 0) throw new StepError(`${missing.join(" and ")} did not come out of it`);
    try {
      renameSync(path.join(aside, "bin"), folder);
    } catch (error) {
      if (!programs.every((name) => isProgram(path.join(folder, name)))) throw error;
    }
    return folder;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Removes what interrupted runs on this machine left behind. */
function removeAbandoned(cache) {
  const prefix = `.making-${os.hostname()}-`;
  for (const name of readdirSync(cache)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    const folder = path.join(cache, name);
    // A pid is reused sooner or later; no step takes a day.
    const old = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 86_400_000;
    if (old || !isAlive(pid)) rmSync(folder, { recursive: true, force: true });
  }
}

/** True while a process with this id exists, also when it is another user's. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
