// Installs packages of Debian and Ubuntu, as root or by sudo, without starting what they bring.
import { runQuietly } from "./step.mjs";

/** Installs packages. Throws StepError with what apt-get said. */
export async function aptInstall(packages, { sudo }) {
  // `sudo -n` fails instead of asking for a password that nobody may be there to type.
  const [command, ...before] = sudo ? ["sudo", "-n", "sh"] : ["sh"];
  const args = [...before, "-c", script, "sh", ...packages];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return runQuietly(command, args, { env, deadlineSeconds: 600 });
}

// Debian starts a server as soon as it is installed, unless policy-rc.d says no, and again at the next boot, unless
// it is disabled. Hearth runs its own servers on its own ports; one more on 6379 is not what was asked for.
const script = `
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
