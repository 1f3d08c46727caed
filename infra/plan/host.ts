import type { HostNeeds } from "../../contract/host.ts";
import type { PlannedNode, TopologyPlan } from "./topology.ts";
import { bytes } from "./units.ts";

/** What is done about the settings of the machine that Redis runs on. */
export const HostTuningMode = {
  /** Looked at; what is wrong is said in `preview` and `up`, with the command that mends it. */
  Check: "check",
  /** The same, and what may be set is set; `destroy` puts back what was there. Needs root. */
  Apply: "apply",
  /** Nothing is looked at, the size of the memory neither. */
  Off: "off",
} as const;
export type HostTuningMode = (typeof HostTuningMode)[keyof typeof HostTuningMode];

const gb = bytes("1gb");

/** Sizes of a machine that one server needs, and one of several with failover (seed 004, System Requirements). */
export const machineSizes = {
  single: {
    memory: { minimum: 2 * gb, recommended: 4 * gb },
    disk: { minimum: 10 * gb, recommended: 10 * gb },
    cores: { minimum: 2, recommended: 4 },
  },
  highAvailability: {
    memory: { minimum: 2 * gb, recommended: 8 * gb },
    disk: { minimum: 10 * gb, recommended: 50 * gb },
    cores: { minimum: 2, recommended: 4 },
  },
} as const;

// Redis's own defaults, where the plan says nothing.
const defaultMaxClients = 10_000;
const defaultBacklog = 511;

/**
 * What all the nodes of a plan need of the one machine that a target puts them on.
 *
 * An RDB file is written beside the one before; a rewritten AOF likewise, beside what was appended since. A node's
 * files may so come to take twice and three times its memory.
 */
export function hostNeeds(plan: TopologyPlan): HostNeeds {
  const data = plan.nodes.filter((node) => node.kind === "redis");
  const memories = data.map((node) => bytes(directive(node, "maxmemory") ?? "0"));
  const files = data.map((node, index) => filesPerMemory(node) * (memories[index] ?? 0));
  const persistent = files.some((size) => size > 0);
  const sizes = plan.topology === "standalone" ? machineSizes.single : machineSizes.highAvailability;
  return {
    dataNodes: data.length,
    sentinels: plan.nodes.length - data.length,
    memory: sum(memories),
    largestNode: Math.max(...memories),
    buffers: sum(data.map((node) => (node.role === "primary" ? replicaBuffer(node) : 0))),
    maxClients: Math.max(...plan.nodes.map((node) => Number(directive(node, "maxclients") ?? defaultMaxClients))),
    backlog: Math.max(...plan.nodes.map((node) => Number(directive(node, "tcp-backlog") ?? defaultBacklog))),
    data: sum(files),
    machine: { ...sizes, disk: persistent ? sizes.disk : { minimum: 0, recommended: 0 } },
  };
}

/** What may wait for the replicas of a node that is a primary: the versions from 7.0 on have one buffer for them all. */
function replicaBuffer(node: PlannedNode): number {
  const limits = [node.directives["client-output-buffer-limit"] ?? ""].flat().join("\n");
  const size = /^replica (\S+)/m.exec(limits)?.[1];
  return size === undefined ? 0 : bytes(size);
}

function filesPerMemory(node: PlannedNode): number {
  if (directive(node, "appendonly") === "yes") return 3;
  const save = node.directives.save;
  return save === undefined || save === "" || save.length === 0 ? 0 : 2;
}

/** The value of a directive; the last one where there are several, as Redis reads them. */
function directive(node: PlannedNode, name: string): string | undefined {
  const value = node.directives[name];
  return typeof value === "string" || value === undefined ? value : value.at(-1);
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
