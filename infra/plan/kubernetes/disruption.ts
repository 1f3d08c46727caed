import type { TopologyPlan } from "../topology.ts";
import { labelsOf, type Manifest, type Owner, setLabels } from "./manifest.ts";
import type { NodeSet } from "./sets.ts";

/** One PodDisruptionBudget for each StatefulSet: a drain takes one pod of a shard, and one sentinel, at a time. */
export function disruptionBudgets(owner: Owner, plan: TopologyPlan, sets: readonly NodeSet[]): Manifest[] {
  return sets.map(({ name }) => ({
    ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
    metadata: { name, namespace: owner.namespace, labels: labelsOf(owner, plan) },
    spec: { maxUnavailable: 1, selector: { matchLabels: setLabels(owner, plan, name) } },
  }));
}
