import type { KubernetesPlan, PodSelector } from "../kubernetes.ts";
import type { TopologyPlan } from "../topology.ts";
import { labelsOf, type Manifest, type Owner, ownLabels } from "./manifest.ts";
import { metricsPort } from "./services.ts";
import type { NodeSet } from "./sets.ts";

/** Labels of the pods of the tool's Jobs: by them they are let in. Nobody else's pods have `hearth.cache`. */
export function runnerLabels(owner: Owner, plan: Pick<TopologyPlan, "name">): Record<string, string> {
  return { ...ownLabels(owner, plan), "hearth.kind": "runner" };
}

/** Whom a topology lets in besides its own pods. */
export interface Admitted {
  /** Networks and addresses: `args.clients`, `args.monitoring`. */
  readonly clients?: readonly string[] | undefined;
  readonly monitoring?: readonly string[] | undefined;
}

/**
 * Who may reach which port of a topology's pods, and whom they may reach: everything else is closed.
 *
 * | port | from |
 * | --- | --- |
 * | data, sentinel | clients, the pods of the topology, the tool's Jobs |
 * | cluster bus | the pods of the topology |
 * | exporter | monitoring |
 *
 * Outwards: each other, and names (port 53). Traffic through a Service is that of the pods behind it.
 */
export function networkPolicy(
  owner: Owner,
  plan: TopologyPlan,
  sets: readonly NodeSet[],
  { clients, monitoring, exporters }: KubernetesPlan,
  admitted: Admitted = {},
): Manifest {
  const first = sets.flatMap(({ nodes: [node] }) => (node ? [node] : []));
  const ports = tcp([...new Set(first.map(({ port }) => port))]);
  const buses = tcp(first.flatMap(({ busPort }) => busPort ?? []).slice(0, 1));
  const kinds = [...new Set(sets.map(({ kind }) => kind))];
  const own = { matchLabels: ownLabels(owner, plan), matchExpressions: [isOneOf(kinds)] };
  const members = { podSelector: own };
  const runner = { podSelector: { matchLabels: runnerLabels(owner, plan) } };
  const outside = [...clients.map(selected), ...(admitted.clients ?? []).map(network)];
  const scrapers = [...monitoring.map(selected), ...(admitted.monitoring ?? []).map(network)];
  return {
    ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    metadata: { name: plan.name, namespace: owner.namespace, labels: labelsOf(owner, plan) },
    spec: {
      podSelector: own,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [members], ports: [...ports, ...buses] },
        { from: [runner, ...outside], ports },
        // An empty list would be everybody.
        ...(exporters && scrapers.length > 0 ? [{ from: scrapers, ports: tcp([metricsPort]) }] : []),
      ],
      egress: [
        { to: [members], ports: [...ports, ...buses] },
        {
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
          ],
        },
      ],
    },
  };
}

function isOneOf(kinds: readonly string[]) {
  return { key: "hearth.kind", operator: "In", values: kinds };
}

function tcp(ports: readonly number[]) {
  return ports.map((port) => ({ protocol: "TCP", port }));
}

/** Pods by their labels: of this namespace, or of the one that is named. */
function selected({ labels, namespace }: PodSelector) {
  return {
    podSelector: { matchLabels: labels },
    ...(namespace !== undefined && {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    }),
  };
}

function network(text: string) {
  const cidr = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
  return { ipBlock: { cidr } };
}
