// A stack as the scripts see it: made when it is missing, freed of the lock of a dead engine, removed without trace.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { isAlive } from "./bootstrap/engine.mjs";
import { root } from "./bootstrap/paths.mjs";
import { runQuietly, StepError } from "./bootstrap/step.mjs";
import { chosenBackend, engineEnv, fileBackend } from "./pulumi-env.mjs";
import { configFile, localFolder, writeConfig } from "./stack-config.mjs";

/** Opens a stack: decides its backend; nothing is made or changed yet. */
export async function openStack(name) {
  // A name may be qualified (organisation/project/stack) where the backend has organisations.
  if (!/^[\w.-]+(\/[\w.-]+){0,2}$/.test(name)) {
    throw new StepError(`--stack: ${JSON.stringify(name)} is no name of a stack: letters, digits, ".", "_" and "-".`);
  }
  const { parse } = await import("yaml");
  const project = parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")).name;
  const own = chosenBackend() === undefined;
  return { name, short: name.split("/").at(-1), project, own, env: own ? fileBackend(localFolder) : engineEnv() };
}

/** The file in which the file backend keeps a stack. */
function stateFile(stack) {
  return path.join(localFolder, "state", ".pulumi", "stacks", stack.project, `${stack.short}.json`);
}

/** True when the stack is known to be there; undefined where only the user's backend knows. */
export function stackExists(stack) {
  return stack.own ? existsSync(stateFile(stack)) : undefined;
}

/** Makes the stack if it is missing, and returns the arguments by which Pulumi's commands find it and its config. */
export async function prepareStack(stack, overrides = {}) {
  let encryption;
  if (stack.own) {
    clearStaleLocks(stack);
    if (!stackExists(stack)) await createStack(stack);
    encryption = stateEncryption(stack);
  } else {
    const made = await createStack(stack);
    // A stack that was there is opened by what the user's own Pulumi.<stack>.yaml says.
    if (made) encryption = made;
  }
  const file = await writeConfig(stack.short, overrides, encryption);
  return ["--stack", stack.name, "--config-file", file];
}

/**
 * `pulumi stack init` writes into Pulumi.<stack>.yaml, a committed file; so it runs in a folder of its own. Returns
 * what it wrote there, or undefined when the stack existed.
 */
async function createStack(stack) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-init-"));
  try {
    writeFileSync(path.join(folder, "Pulumi.yaml"), `name: ${stack.project}\nruntime: nodejs\n`);
    const args = ["stack", "init", stack.name, "--no-select", "--non-interactive"];
    try {
      await runQuietly("pulumi", args, { cwd: folder, env: stack.env, deadlineSeconds: 60 });
    } catch (error) {
      if (/already exists/.test(error.message)) return undefined;
      throw error;
    }
    const written = path.join(folder, `Pulumi.${stack.short}.yaml`);
    if (!existsSync(written)) return {};
    const { parse } = await import("yaml");
    return parse(readFileSync(written, "utf8")) ?? {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What opens the secrets of a stack in our own backend. */
function stateEncryption(stack) {
  const { checkpoint } = JSON.parse(readFileSync(stateFile(stack), "utf8"));
  const salt = checkpoint?.Latest?.secrets_providers?.state?.salt ?? checkpoint?.latest?.secrets_providers?.state?.salt;
  if (!salt) throw new StepError(`${stateFile(stack)} does not say how its secrets are encrypted.`);
  return { encryptionsalt: salt };
}

/** Removes the locks that a killed engine on this machine left; Pulumi would refuse to start. */
function clearStaleLocks(stack) {
  const folder = path.join(localFolder, "state", ".pulumi", "locks", "organization", stack.project, stack.short);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
    const file = path.join(folder, name);
    const { pid, hostname, timestamp } = JSON.parse(readFileSync(file, "utf8"));
    if (hostname !== os.hostname() || isEngine(pid)) continue;
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
    process.stderr.write(
      `hearth: removed the lock of an interrupted run (pulumi with pid ${pid}, started ${timestamp}, is gone)\n`,
    );
  }
}

/** A pid is reused sooner or later; where the system tells, a process of another name is not the engine. */
function isEngine(pid) {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "pulumi";
  } catch {
    return true;
  }
}

/** Removes a stack that has no resources, and all that Hearth kept for it. */
export async function removeStack(stack) {
  const args = ["stack", "rm", stack.name, "--yes", "--preserve-config", "--non-interactive"];
  await runQuietly("pulumi", args, { cwd: root, env: stack.env, deadlineSeconds: 60 });
  removeLocalFiles(stack);
}

/** Removes the stack's config of the last run and, with the last stack, state folder and passphrase. */
export function removeLocalFiles(stack) {
  rmSync(configFile(stack.short), { force: true });
  // Where the nodes had their folders, unless something else was put there.
  removeIfEmpty(path.join(localFolder, stack.short));
  if (stack.own) {
    const stacks = path.join(localFolder, "state", ".pulumi", "stacks", stack.project);
    const left = existsSync(stacks) ? readdirSync(stacks).filter((file) => file.endsWith(".json")) : [];
    if (left.length > 0) return;
    rmSync(path.join(localFolder, "state"), { recursive: true, force: true });
    rmSync(path.join(localFolder, "passphrase"), { force: true });
  }
  removeIfEmpty(localFolder);
}

function removeIfEmpty(folder) {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
