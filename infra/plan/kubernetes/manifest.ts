import { createHash } from "node:crypto";
import type { TopologyPlan } from "../topology.ts";

/** An object of the cluster, as data: what Pulumi, kubectl and the API server take. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** What all objects have. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Whose objects these are, and in which namespace. */
export interface Owner {
  readonly project: string;
  readonly stack: string;
  readonly namespace: string;
}

const longest = 63;

/** A namespace's name out of a text that need not be one; two texts have two. */
export function namespaceOf(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (name === text && name.length <= longest) return name;
  const mark = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return `${name.slice(0, longest - mark.length - 1)}-${mark}`;
}

/** Labels by which the pods of a topology know each other: no two topologies of a namespace have the same. */
export function ownLabels({ project, stack }: Owner, plan: Pick<TopologyPlan, "name">): Record<string, string> {
  return { "hearth.project": project, "hearth.stack": stack, "hearth.cache": plan.name };
}

/** Labels of every object of a topology: what Kubernetes recommends, and Hearth's own. */
export function labelsOf(owner: Owner, plan: Pick<TopologyPlan, "name" | "topology">): Record<string, string> {
  return {
    ...ownLabels(owner, plan),
    "hearth.topology": plan.topology,
    "app.kubernetes.io/name": "redis",
    "app.kubernetes.io/instance": plan.name,
    "app.kubernetes.io/managed-by": "hearth",
  };
}

/** Labels of the pods of a StatefulSet: its selector, and its Services'. */
export function setLabels(
  owner: Owner,
  plan: Pick<TopologyPlan, "name" | "topology">,
  set: string,
): Record<string, string> {
  return { ...ownLabels(owner, plan), "hearth.set": set };
}
