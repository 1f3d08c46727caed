// The default network of a second engine on one machine: Docker's own name for it is taken by the first.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { StepError } from "./step.mjs";

/** Address of the first engine's default bridge, to put it back: a second engine that starts again takes it away. */
let defaultAddress;

/** Options of dockerd for a default network and networks without a subnet that no other engine here has. */
export function addBridge(id) {
  if (!ip("link", "show", "docker0") && !anotherRuns()) return [];
  defaultAddress = /inet (\S+)/.exec(spawnSync("ip", ["-o", "-4", "address", "show", "docker0"]).stdout)?.[1];
  const name = nameOf(id);
  const third = Number.parseInt(id.slice(0, 2), 16);
  ip("link", "del", name); // of a run that was killed
  for (const args of [
    ["link", "add", name, "type", "bridge"],
    ["address", "add", `10.255.${third}.1/24`, "dev", name],
    ["link", "set", name, "up"],
  ]) {
    if (!ip(...args)) throw new StepError(`ip ${args.join(" ")} failed`);
  }
  // An engine that starts empties the firewall's chains of Docker, which are the other one's.
  const quiet = ["--iptables=false", "--ip6tables=false"];
  return [...quiet, "--bridge", name, "--default-address-pool", "base=10.248.0.0/15,size=24"];
}

export function removeBridge(id) {
  ip("link", "del", nameOf(id));
  if (defaultAddress === undefined || ip("link", "show", "docker0") || !anotherRuns()) return;
  ip("link", "add", "docker0", "type", "bridge");
  ip("address", "add", defaultAddress, "dev", "docker0");
  ip("link", "set", "docker0", "up");
}

/** Whether there is another dockerd, with whatever network: its rules of the firewall are to stay. */
function anotherRuns() {
  return readdirSync("/proc").some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
    } catch {
      return false; // no process, or gone meanwhile
    }
  });
}

function nameOf(id) {
  return `hearth-${id}`;
}

function ip(...args) {
  return spawnSync("ip", args, { stdio: "ignore" }).status === 0;
}
