import type { PlannedNode, TopologyPlan } from "./topology.ts";

/**
 * Milliseconds after which the other nodes count this one as gone and have a replica take over from it; undefined where
 * none would: a sentinel, and a data node that is alone in its shard.
 */
export function detectionMs({ nodes, monitor }: TopologyPlan, node: PlannedNode): number | undefined {
  if (node.kind !== "redis") return undefined;
  if (!nodes.some((other) => other !== node && other.kind === "redis" && other.shard === node.shard)) return undefined;
  const [watching, name] = monitor
    ? [nodes.find(({ kind }) => kind === "sentinel"), `sentinel down-after-milliseconds ${monitor.masterName}`]
    : [node, "cluster-node-timeout"];
  const value = watching?.directives[name];
  return value === undefined ? undefined : Number(value);
}
