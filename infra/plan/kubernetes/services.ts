import type { PlannedNode, TopologyPlan } from "../topology.ts";
import { labelsOf, type Manifest, type Owner, ownLabels, setLabels } from "./manifest.ts";
import type { NodeSet } from "./sets.ts";

/** Where exporters listen, in every pod. */
export const metricsPort = 9121;

/** Name of the Service that a StatefulSet is told of: it names all its pods, and is where exporters are scraped. */
export function podsService(set: string): string {
  return `${set}-pods`;
}

/**
 * The Services of a topology:
 *
 * - one for each pod, by whose name all others know it, ready or not: the address stays when the pod moves;
 * - one for each StatefulSet, without an address of its own;
 * - `<name>` for clients: the server of a standalone topology, the nodes of a cluster that serve (each tells the way to all
 *   others), the sentinels of a Sentinel topology, which tell where the primary is. The one that leads to that primary
 *   itself has proxies behind it: primary.ts.
 */
export function services(
  owner: Owner,
  plan: TopologyPlan,
  sets: readonly NodeSet[],
  { exporters }: { readonly exporters: boolean },
): Manifest[] {
  const labels = labelsOf(owner, plan);
  const service = (name: string, selector: Record<string, string>, spec: object): Manifest => ({
    ...{ apiVersion: "v1", kind: "Service" },
    metadata: {
      ...{ name, namespace: owner.namespace, labels },
      // There is no pod to lead to before the StatefulSets, which come afterwards.
      annotations: { "pulumi.com/skipAwait": "true" },
    },
    spec: { type: "ClusterIP", selector, ...spec },
  });
  const pods = plan.nodes.map((node) =>
    service(
      node.name,
      { ...setLabels(owner, plan, setNameOf(sets, node)), "statefulset.kubernetes.io/pod-name": node.name },
      { publishNotReadyAddresses: true, ports: portsOf(node) },
    ),
  );
  const headless = sets.map(({ name, nodes: [first] }) =>
    service(podsService(name), setLabels(owner, plan, name), {
      ...{ clusterIP: "None", publishNotReadyAddresses: true },
      ports: [...(first ? portsOf(first) : []), ...(exporters ? [port("metrics", metricsPort)] : [])],
    }),
  );
  const entry = plan.nodes.find(({ kind }) => kind === (plan.topology === "sentinel" ? "sentinel" : "redis"));
  if (entry === undefined) throw new Error("the plan has no node");
  const client = service(
    plan.name,
    { ...ownLabels(owner, plan), "hearth.kind": entry.kind },
    { ports: portsOf(entry).slice(0, 1) },
  );
  return [...pods, ...headless, client];
}

function setNameOf(sets: readonly NodeSet[], node: PlannedNode): string {
  return sets.find(({ nodes }) => nodes.includes(node))?.name ?? "";
}

function portsOf({ kind, port: own, busPort }: PlannedNode) {
  const client = port(kind === "sentinel" ? "sentinel" : "redis", own);
  return busPort === undefined ? [client] : [client, port("bus", busPort)];
}

function port(name: string, number: number) {
  return { name, port: number, targetPort: number, protocol: "TCP" };
}
