import type { Manifest, Owner } from "../kubernetes/manifest.ts";
import type { TopologyPlan } from "../topology.ts";
import { dashboardsOf, dashboardText } from "./dashboards/index.ts";
import type { RuleGroup } from "./rules.ts";
import { operatorApi, type WatchPlace, watchMetadata } from "./service-monitor.ts";

/** By this label the sidecar of Grafana's chart finds ConfigMaps with dashboards. */
const dashboardLabel = { grafana_dashboard: "1" };

/** The alert and recording rules of a topology, for an operator of Prometheus. */
export function prometheusRule(
  owner: Owner,
  plan: Pick<TopologyPlan, "name" | "topology">,
  groups: readonly RuleGroup[],
  place: WatchPlace = {},
): Manifest {
  return {
    ...{ apiVersion: operatorApi, kind: "PrometheusRule" },
    metadata: watchMetadata(plan.name, owner, plan, place),
    spec: { groups },
  };
}

/** The dashboards of a topology: a ConfigMap each, as one may be replaced by somebody's own. */
export function dashboardMaps(
  owner: Owner,
  plan: Pick<TopologyPlan, "name" | "topology">,
  place: WatchPlace = {},
): Manifest[] {
  return Object.entries(dashboardsOf(plan.topology)).map(([file, dashboard]) => {
    const name = `${plan.name}-${file.replace(/^hearth-(.*)\.json$/, "dashboard-$1")}`;
    return {
      ...{ apiVersion: "v1", kind: "ConfigMap" },
      metadata: watchMetadata(name, owner, plan, { ...place, labels: { ...place.labels, ...dashboardLabel } }),
      data: { [file]: dashboardText(dashboard) },
    };
  });
}
