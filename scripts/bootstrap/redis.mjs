// Step: redis-server and redis-sentinel of version 6 or later.
import { aptInstall } from "./apt.mjs";
import { displayPath, findProgram } from "./paths.mjs";
import { runQuietly, StepError, step } from "./step.mjs";
import { atLeast, programVersion } from "./versions.mjs";

const minimum = [6];

/** Finds the servers on the PATH, or installs them with this machine's package manager. */
export async function redis() {
  const missing = lacking();
  if (missing.length === 0) return;
  const why = missing.map(({ reason }) => reason).join(", ");
  const packages = missing.map(({ name }) => name);
  const installer = findInstaller(packages);
  if (!installer) throw new StepError(`${why}.\n${byHand}`);
  try {
    await step(`installing ${packages.join(" and ")} with ${installer.name}`, why, installer.install);
  } catch (error) {
    throw new StepError(`${error.message}\n${byHand}`);
  }
  const still = lacking();
  if (still.length > 0) {
    throw new StepError(`after installing: ${still.map(({ reason }) => reason).join(", ")}.\n${byHand}`);
  }
}

const byHand =
  "By hand: install Redis >= 6 so that redis-server and redis-sentinel are on the PATH " +
  "(Debian, Ubuntu: sudo apt-get install redis-server redis-sentinel; Fedora: sudo dnf install redis; " +
  "macOS: brew install redis).";

function lacking() {
  const result = [];
  for (const name of ["redis-server", "redis-sentinel"]) {
    const file = findProgram(name);
    const version = file && programVersion(file, ["--version"]);
    if (!file) result.push({ name, reason: `no ${name} on the PATH` });
    else if (!version) result.push({ name, reason: `${displayPath(file)} --version does not answer` });
    else if (!atLeast(version, minimum)) {
      result.push({ name, reason: `${displayPath(file)} is ${version.join(".")}, needed is >= ${minimum.join(".")}` });
    }
  }
  return result;
}

function findInstaller(packages) {
  if (findProgram("apt-get")) {
    const isRoot = process.getuid?.() === 0;
    if (!isRoot && !findProgram("sudo")) return undefined;
    return { name: "apt-get", install: () => aptInstall(packages, { sudo: !isRoot }) };
  }
  if (process.platform === "darwin" && findProgram("brew")) {
    const env = { ...process.env, HOMEBREW_NO_AUTO_UPDATE: "1" };
    return { name: "brew", install: () => runQuietly("brew", ["install", "redis"], { env, deadlineSeconds: 900 }) };
  }
  return undefined;
}
