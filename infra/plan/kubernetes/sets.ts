import type { PlannedNode, TopologyPlan } from "../topology.ts";
import { setOf } from "./nodes.ts";

/** A StatefulSet's nodes: pod i is the i-th. */
export interface NodeSet {
  readonly name: string;
  readonly kind: "redis" | "sentinel";
  readonly shard: number;
  readonly nodes: readonly PlannedNode[];
}

/** The StatefulSets of a plan that was made for Kubernetes, data first: one for each shard, and one of sentinels. */
export function setsOf(plan: TopologyPlan): NodeSet[] {
  const sets = new Map<string, PlannedNode[]>();
  for (const node of plan.nodes) {
    const name = setOf(plan, node);
    sets.set(name, [...(sets.get(name) ?? []), node]);
  }
  return [...sets].map(([name, nodes]) => {
    const [first] = nodes as [PlannedNode];
    return { name, nodes, kind: first.kind, shard: first.shard };
  });
}
