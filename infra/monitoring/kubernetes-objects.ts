import type * as pulumi from "@pulumi/pulumi";
import type { MonitoringKind } from "../../contract/monitoring.ts";
import { MonitoringKinds } from "../operations/monitoring-kinds.ts";
import { ArgumentChecker } from "../plan/check-values.ts";
import type { Manifest } from "../plan/kubernetes/manifest.ts";
import { dashboardMaps, prometheusRule } from "../plan/monitoring/kubernetes.ts";
import type { MonitoringRules, RuleGroup } from "../plan/monitoring/rules.ts";
import { serviceMonitor, type WatchPlace } from "../plan/monitoring/service-monitor.ts";
import type { FindingsCollector } from "../plan/refusals.ts";
import type { TopologyPlan } from "../plan/topology.ts";
import { show } from "../plan/units.ts";
import type { KubernetesModule } from "../targets/kubernetes-module.ts";
import type { KubernetesSite } from "../targets/site.ts";

/** Objects by which an operator of Prometheus, and Grafana, in the same cluster watch a cache on Kubernetes. */
export interface MonitoringObjectsArgs extends WatchPlace {
  /** Whether the rules become a PrometheusRule; `"auto"`: where the cluster knows that kind. @default "auto" */
  readonly prometheusRule?: "auto" | boolean | undefined;
  /**
   * Whether a ServiceMonitor has the exporters scraped; `"auto"`: where the cluster knows that kind, and the cache's own
   * argument `serviceMonitor` has not made one. @default "auto"
   */
  readonly serviceMonitor?: "auto" | boolean | undefined;
  /** Whether the dashboards become ConfigMaps, labelled `grafana_dashboard: "1"`. @default true */
  readonly dashboards?: boolean | undefined;
  /** Namespace of these objects, which is there. @default that of the topology */
  readonly namespace?: string | undefined;
  /** Labels besides: many an operator takes only what has some, such as `{ release: "kube-prometheus-stack" }`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What the objects are made from. */
export interface MonitoringObjectsInput {
  readonly parent: pulumi.Resource;
  /** Of the component. */
  readonly name: string;
  readonly site: KubernetesSite;
  readonly plan: TopologyPlan;
  readonly rules: pulumi.Output<MonitoringRules>;
  readonly args: MonitoringObjectsArgs;
}

/** Makes the objects. Those of an operator's kinds come when it is known whether the cluster has one, in previews too. */
export function makeMonitoringObjects(input: MonitoringObjectsInput): void {
  const { parent, name, site, plan, rules, args } = input;
  const { provider, owner, after } = site;
  const module = site.module as KubernetesModule;
  const options = { parent, provider, dependsOn: after };
  const custom = (resource: string, { apiVersion, kind, ...manifest }: Manifest): void =>
    void new module.apiextensions.CustomResource(resource, { apiVersion, kind, ...manifest } as never, options);
  const makers: Record<MonitoringKind, () => void> = {
    PrometheusRule() {
      const groups = rules.apply((known) => known.groups as RuleGroup[]);
      const manifest = prometheusRule(owner, plan, [], args);
      custom(`${name}-rules`, { ...manifest, spec: { groups } });
    },
    ServiceMonitor: () => custom(`${name}-scraping`, serviceMonitor(owner, plan, args)),
  };
  const scraped = plan.kubernetes?.exporters && !plan.kubernetes.serviceMonitor;
  const wanted: Record<MonitoringKind, "auto" | boolean> = {
    PrometheusRule: args.prometheusRule ?? "auto",
    ServiceMonitor: scraped ? (args.serviceMonitor ?? "auto") : false,
  };
  const kinds = Object.keys(makers) as MonitoringKind[];
  for (const kind of kinds.filter((kind) => wanted[kind] === true)) makers[kind]();
  const asked = kinds.filter((kind) => wanted[kind] === "auto");
  if (asked.length > 0) {
    const known = new MonitoringKinds(`${name}-kinds`, { name, kubernetes: site.api }, { parent });
    known.kinds.apply((found) => {
      for (const kind of asked) if (found?.includes(kind)) makers[kind]();
    });
  }
  if (args.dashboards === false) return;
  for (const { metadata, data } of dashboardMaps(owner, plan, args)) {
    new module.core.v1.ConfigMap(`${name}-${metadata.name}`, { metadata, data } as never, options);
  }
}

/** Refuses what no object can be made of. */
export function checkMonitoringObjects(given: MonitoringObjectsArgs, findings: FindingsCollector): void {
  const args = new ArgumentChecker({ ...given }, findings, "kubernetes.");
  args.known("kubernetes", ["prometheusRule", "serviceMonitor", "dashboards", "namespace", "labels"], () => undefined);
  for (const key of ["prometheusRule", "serviceMonitor"] as const) {
    const value = given[key] ?? "auto";
    if (value !== "auto" && typeof value !== "boolean")
      args.refuse(key, `${show(value)} is not possible: write true, false or "auto"`);
  }
  args.flag("dashboards", true);
  const { namespace } = given;
  if (namespace !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(String(namespace)))
    args.refuse("namespace", `${show(namespace)} is not a name: write that of a namespace that is there`);
  const labels = Object.entries(given.labels ?? {});
  for (const [label, value] of labels) {
    if (
      /^([\w.-]+\/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(label) &&
      /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/.test(String(value))
    )
      continue;
    args.refuse(`labels.${label}`, `${show(value)} makes no label: write letters, digits, -, _ and .`);
  }
}
