import type { KubernetesPlan, PodSelector } from "../kubernetes.ts";
import type { TopologyPlan } from "../topology.ts";
import { labelsOf, type Manifest, type Owner, ownLabels } from "./manifest.ts";
import { hasPrimaryService, primaryLabels } from "./primary-names.ts";
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
 * | data, sentinel | clients, the pods of the topology and its proxies, the tool's Jobs |
 * | cluster bus | the pods of the topology |
 * | exporter | monitoring |
 *
 * Outwards: each other, and names (port 53). Traffic through a Service is that of the pods behind it.
 */
export function networkPolicy(
  owner: Owner,
  plan: TopologyPlan,
  sets: readonly NodeSet[],
  target: KubernetesPlan,
  admitted: Admitted = {},
): Manifest {
  const { monitoring, exporters } = target;
  const first = sets.flatMap(({ nodes: [node] }) => (node ? [node] : []));
  const ports = tcp([...new Set(first.map(({ port }) => port))]);
  const buses = tcp(first.flatMap(({ busPort }) => busPort ?? []).slice(0, 1));
  const members = membersOf(owner, plan, sets);
  const helpers = [runnerLabels(owner, plan), ...(hasPrimaryService(plan, target) ? [primaryLabels(owner, plan)] : [])];
  const own = helpers.map((matchLabels) => ({ podSelector: { matchLabels } }));
  const scrapers = [...monitoring.map(selected), ...(admitted.monitoring ?? []).map(network)];
  return {
    ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    metadata: { name: plan.name, namespace: owner.namespace, labels: labelsOf(owner, plan) },
    spec: {
      ...members,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [members], ports: [...ports, ...buses] },
        { from: [...own, ...clientsOf(target, admitted)], ports },
        // An empty list would be everybody.
        ...(exporters && scrapers.length > 0 ? [{ from: scrapers, ports: tcp([metricsPort]) }] : []),
      ],
      egress: [{ to: [members], ports: [...ports, ...buses] }, { ports: dnsPorts }],
    },
  };
}

/** Ports by which names are asked for. */
export const dnsPorts = [
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 53 },
];

/** The pods of a topology's nodes. */
export function membersOf(owner: Owner, plan: Pick<TopologyPlan, "name">, sets: readonly NodeSet[]) {
  const kinds = [...new Set(sets.map(({ kind }) => kind))];
  return { podSelector: { matchLabels: ownLabels(owner, plan), matchExpressions: [isOneOf(kinds)] } };
}

/** Applications: pods by their labels, networks by their addresses. */
export function clientsOf({ clients }: Pick<KubernetesPlan, "clients">, admitted: Admitted) {
  return [...clients.map(selected), ...(admitted.clients ?? []).map(network)];
}

function isOneOf(kinds: readonly string[]) {
  return { key: "hearth.kind", operator: "In", values: kinds };
}

/** These ports, as rules have them. */
export function tcp(ports: readonly number[]) {
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
