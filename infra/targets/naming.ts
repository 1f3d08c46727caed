import { getProject, getStack } from "@pulumi/pulumi/metadata.js";
import type { TopologyPlan } from "../plan/topology.ts";

/** A name on an engine, where all stacks share one set of names: `shop-prod-cache-0`. */
export function physical(name: string): string {
  return `${getProject()}-${getStack()}-${name}`;
}

/** Whose a container, volume or network is. No secret: everybody on the engine's machine may read labels. */
export function labelsOf({ name, topology }: TopologyPlan): Record<string, string> {
  return {
    "hearth.project": getProject(),
    "hearth.stack": getStack(),
    "hearth.cache": name,
    "hearth.topology": topology,
  };
}

/** Labels as @pulumi/docker takes them. */
export function listed(labels: Readonly<Record<string, string>>): { label: string; value: string }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }));
}
