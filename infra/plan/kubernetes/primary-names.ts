import type { TopologyPlan } from "../topology.ts";
import { type Owner, ownLabels } from "./manifest.ts";
import { hostOf } from "./nodes.ts";

/** Name of the Service that leads to the primary of a Sentinel topology, and of what belongs to it. */
export function primaryService({ name }: Pick<TopologyPlan, "name">): string {
  return `${name}-primary`;
}

/** Whether a topology has one. */
export function hasPrimaryService(
  { topology }: Pick<TopologyPlan, "topology">,
  target: { readonly primaryService: boolean },
): boolean {
  return topology === "sentinel" && target.primaryService;
}

/** Labels of the pods of its proxies. */
export function primaryLabels(owner: Owner, plan: Pick<TopologyPlan, "name">): Record<string, string> {
  return { ...ownLabels(owner, plan), "hearth.kind": "primary" };
}

/** Names of the Service, in the certificates of the nodes: clients speak TLS with them through the proxies. */
export function primaryNames(plan: Pick<TopologyPlan, "name" | "topology">, namespace: string): string[] {
  if (plan.topology !== "sentinel") return [];
  const service = primaryService(plan);
  return [hostOf(service, namespace), service, `${service}.${namespace}`];
}
