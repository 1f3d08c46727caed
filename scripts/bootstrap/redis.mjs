// Step: redis-server and redis-sentinel of version 6 or later.
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
    // `sudo -n` fails instead of asking for a password that nobody may be there to type.
    const [command, ...before] = isRoot ? ["sh"] : ["sudo", "-n", "sh"];
    const args = [...before, "-c", aptScript, "sh", ...packages];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return { name: "apt-get", install: () => runQuietly(command, args, { env, deadlineSeconds: 600 }) };
  }
  if (process.platform === "darwin" && findProgram("brew")) {
    const env = { ...process.env, HOMEBREW_NO_AUTO_UPDATE: "1" };
    return { name: "brew", install: () => runQuietly("brew", ["install", "redis"], { env, deadlineSeconds: 900 }) };
  }
  return undefined;
}

// Debian starts a server as soon as it is installed, unless policy-rc.d says no, and again at the next boot, unless
// it is disabled. Hearth runs its own servers on its own ports; one more on 6379 is not what was asked for.
const aptScript = `
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > $policy
  chmod 755 $policy
fi
# An update is needed where the lists are missing or old; the installation says best whether they are.
apt-get install -y -q --no-install-recommends "$@" || {
  apt-get update -q
  apt-get install -y -q --no-install-recommends "$@"
}
if [ -d /run/systemd/system ]; then
  for service in "$@"; do systemctl disable "$service" || true; done
fi
`;
