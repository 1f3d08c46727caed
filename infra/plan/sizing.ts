import { type Findings, FindingsCollector } from "./refusals.ts";
import type { TopologyPlan } from "./topology.ts";
import { bytes, formatBytes } from "./units.ts";

/** What one machine offers to the nodes that a target puts on it. */
export interface HostResources {
  /** Memory of the machine, or the limit that holds for it, in bytes. */
  readonly memory: number;
}

// Beside its data Redis needs memory for clients, replication and the copy on write of a snapshot.
const usable = 0.8;

/**
 * Whether nodes fit on a machine: a node that may grow to the machine's memory is refused, nodes that together may grow
 * beyond 80 % of it are worth a warning. `maxmemory` is a limit, not a reservation, so that is no refusal.
 *
 * @param plan its nodes, all of them on this machine
 */
export function checkSizing(plan: TopologyPlan, host: HostResources): Findings {
  const findings = new FindingsCollector();
  const data = plan.nodes.filter((node) => node.kind === "redis");
  const each = Math.max(...data.map((node) => bytes(String(node.directives.maxmemory))));
  const total = each * data.length;
  const [has, most] = [approximately(host.memory), approximately(Math.floor((host.memory * usable) / data.length))];
  if (each >= host.memory) {
    findings.refuse("memory", `"${formatBytes(each)}" is not less than this machine's ${has}: write at most "${most}"`);
  } else if (total > host.memory * usable) {
    const nodes = data.length === 1 ? "1 node" : `${data.length} nodes`;
    findings.warn(
      "memory",
      `${nodes} of "${formatBytes(each)}" may fill more than 80 % of this machine's ${has}: write at most "${most}"`,
    );
  }
  return findings;
}

/** In whole mb or gb, rounded down. */
function approximately(size: number): string {
  const gb = bytes("1gb");
  const unit = size >= 10 * gb ? gb : bytes("1mb");
  return formatBytes(Math.floor(size / unit) * unit);
}
