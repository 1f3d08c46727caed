// The default network of a second engine on one machine: Docker's own name for it is taken by the first.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { StepError } from "./step.mjs";

/**
 * Options of dockerd for networks without a subnet that no other engine here has. Not for an engine that starts again on
 * its networks: with them, as it replaces its old default network, it deletes docker0, whoever's that is.
 */
export const ownPool = ["--default-address-pool", "base=10.248.0.0/15,size=24"];

/** Of all networks of a second engine. */
const ownNetworks = "10.248.0.0/13";

/** Options of dockerd for a default network that no other engine here has; none where there is no other. */
export function addBridge(id) {
  if (!ip("link", "show", "docker0") && !anotherRuns()) return [];
  const name = nameOf(id);
  const third = Number.parseInt(id.slice(0, 2), 16);
  removeBridge(id); // of a run that was killed
  for (const args of [
    ["link", "add", name, "type", "bridge"],
    ["address", "add", `10.255.${third}.1/24`, "dev", name],
    ["link", "set", name, "up"],
  ]) {
    if (!ip(...args)) throw new StepError(`ip ${args.join(" ")} failed`);
  }
  letThrough("--insert");
  // An engine that starts empties the firewall's chains of Docker, which are the other one's.
  return ["--iptables=false", "--ip6tables=false", "--bridge", name];
}

export function removeBridge(id) {
  if (ip("link", "del", nameOf(id))) letThrough("--delete");
}

/**
 * An engine has the kernel drop what it does not know, from container to container too, and leaves that behind when it
 * ends: a second engine, which adds no rules, has one for its networks, those of `ownPool` and of the tests' `freeSubnet`.
 */
function letThrough(change) {
  const rule = ["--source", ownNetworks, "--destination", ownNetworks, "--jump", "ACCEPT"];
  const { status, stderr } = spawnSync("iptables", ["--wait", change, "FORWARD", ...rule]);
  if (status !== 0) throw new StepError(`iptables ${change} FORWARD failed: ${stderr}`);
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
