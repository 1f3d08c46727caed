import { type Findings, FindingsCollector } from "./refusals.ts";
import type { PlannedNode, TopologyPlan } from "./topology.ts";
import { bytes, formatBytes } from "./units.ts";

/** What one machine offers to the nodes that a target puts on it. */
export interface HostResources {
  /** Memory of the machine, or the limit that holds for it, in bytes. */
  readonly memory: number;
}

// Beside its data and the buffers for replicas Redis needs memory for clients and the copy on write of a snapshot.
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
  const buffers = data.reduce((sum, node) => sum + (node.role === "primary" ? replicaBufferOf(node) : 0), 0);
  const total = each * data.length + buffers;
  const has = approximately(host.memory);
  const share = (memory: number) => approximately(Math.max(bytes("1mb"), Math.floor(memory / data.length)));
  if (each >= host.memory) {
    findings.refuse(
      "memory",
      `"${formatBytes(each)}" is not less than this machine's ${has}: write at most "${share(host.memory * usable)}"`,
    );
  } else if (total > host.memory * usable) {
    const nodes = data.length === 1 ? "1 node" : `${data.length} nodes`;
    const beside = buffers === 0 ? "" : `, and "${formatBytes(buffers)}" of buffers for replicas,`;
    findings.warn(
      "memory",
      `${nodes} of "${formatBytes(each)}"${beside} may fill more than 80 % of this machine's ${has}: write at most "${share(host.memory * usable - buffers)}"`,
    );
  }
  return findings;
}

/** What may wait for the replicas of a node that is a primary: the versions from 7.0 on have one buffer for them all. */
function replicaBufferOf(node: PlannedNode): number {
  const [, size] = /^replica (\S+)/.exec([node.directives["client-output-buffer-limit"] ?? ""].flat().join("\n")) ?? [];
  return size === undefined ? 0 : bytes(size);
}

/** In whole mb or gb, rounded down. */
function approximately(size: number): string {
  const gb = bytes("1gb");
  const unit = size >= 10 * gb ? gb : bytes("1mb");
  return formatBytes(Math.floor(size / unit) * unit);
}
