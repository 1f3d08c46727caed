import { labelsOf, type Manifest, type Owner, ownLabels } from "../kubernetes/manifest.ts";
import type { TopologyPlan } from "../topology.ts";
import { scrapeInterval } from "./scrape-config.ts";

/** The kind that an operator of Prometheus looks for. */
export const operatorApi = "monitoring.coreos.com/v1";

/** Where an object for Prometheus or Grafana is made, and how theirs find it. */
export interface WatchPlace {
  /** @default that of the topology */
  readonly namespace?: string | undefined;
  /** Labels besides Hearth's. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What all objects for Prometheus and Grafana have. */
export function watchMetadata(
  name: string,
  owner: Owner,
  plan: Pick<TopologyPlan, "name" | "topology">,
  { namespace = owner.namespace, labels }: WatchPlace,
): Manifest["metadata"] {
  return { name, namespace, labels: { ...labelsOf(owner, plan), ...labels } };
}

/**
 * A ServiceMonitor: the exporters are scraped through the Services without an address, the only ones with such a port.
 * Figures get the labels that Hearth's rules and dashboards ask for, as scrape-config.ts gives them elsewhere.
 */
export function serviceMonitor(
  owner: Owner,
  plan: Pick<TopologyPlan, "name" | "topology">,
  place: WatchPlace = {},
): Manifest {
  const { project, stack, namespace } = owner;
  const fixed = Object.entries({ stack: `${project}/${stack}`, cache: plan.name, topology: plan.topology });
  const relabelings = [
    ...fixed.map(([targetLabel, replacement]) => ({ targetLabel, replacement })),
    { sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "node" },
    { sourceLabels: ["__meta_kubernetes_pod_label_hearth_kind"], targetLabel: "kind" },
  ];
  return {
    ...{ apiVersion: operatorApi, kind: "ServiceMonitor" },
    metadata: watchMetadata(plan.name, owner, plan, place),
    spec: {
      selector: { matchLabels: ownLabels(owner, plan) },
      namespaceSelector: { matchNames: [namespace] },
      endpoints: [{ port: "metrics", interval: scrapeInterval, relabelings }],
    },
  };
}
