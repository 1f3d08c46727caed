import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { manifestsOf } from "../../../infra/plan/kubernetes/manifests.ts";
import { onKubernetes } from "../../../infra/plan/kubernetes/nodes.ts";
import { type KubernetesPlan, resolveKubernetes } from "../../../infra/plan/kubernetes.ts";
import { dashboardMaps, prometheusRule } from "../../../infra/plan/monitoring/kubernetes.ts";
import { monitoringRules } from "../../../infra/plan/monitoring/rules.ts";
import { serviceMonitor } from "../../../infra/plan/monitoring/service-monitor.ts";
import { planCluster } from "../../../infra/plan/topology.ts";

const owner = { project: "shop", stack: "prod", namespace: "shop-prod-cache" };
const plan = onKubernetes(planCluster("cache"), owner.namespace);
const labels = { release: "prometheus" };

describe("objects by which a cache on Kubernetes is watched", () => {
  it("a ServiceMonitor gives every figure the labels that rules ask for", () => {
    const { metadata, spec } = serviceMonitor(owner, plan, { namespace: "monitoring", labels });
    expect(metadata).toMatchObject({
      name: "cache",
      namespace: "monitoring",
      labels: { ...labels, "hearth.cache": "cache" },
    });
    expect(spec).toEqual({
      selector: { matchLabels: { "hearth.project": "shop", "hearth.stack": "prod", "hearth.cache": "cache" } },
      namespaceSelector: { matchNames: ["shop-prod-cache"] },
      endpoints: [
        {
          ...{ port: "metrics", interval: "15s" },
          relabelings: [
            { targetLabel: "stack", replacement: "shop/prod" },
            { targetLabel: "cache", replacement: "cache" },
            { targetLabel: "topology", replacement: "cluster" },
            { sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "node" },
            { sourceLabels: ["__meta_kubernetes_pod_label_hearth_kind"], targetLabel: "kind" },
          ],
        },
      ],
    });
  });

  it("a PrometheusRule has the groups of rules.yml", () => {
    const { groups, yaml } = monitoringRules({ stack: "shop/prod", plan });
    const rule = prometheusRule(owner, plan, groups);
    expect(rule).toMatchObject({ apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule" });
    expect(rule.metadata.namespace).toBe(owner.namespace);
    expect(rule.spec).toEqual(parse(yaml));
  });

  it("each dashboard is a ConfigMap that Grafana's sidecar takes", () => {
    const maps = dashboardMaps(owner, plan, { labels });
    expect(maps.map(({ metadata }) => metadata.name)).toEqual(
      ["overview", "replication", "cluster", "latency", "warming"].map((name) => `cache-dashboard-${name}`),
    );
    for (const { metadata, data } of maps) {
      expect(metadata.labels).toMatchObject({ ...labels, grafana_dashboard: "1" });
      const [[file = "", text = ""] = []] = Object.entries(data as Record<string, string>);
      expect(file).toMatch(/^hearth-[a-z]+\.json$/);
      expect(JSON.parse(text)).toMatchObject({ uid: expect.any(String) });
      expect(Buffer.byteLength(text)).toBeLessThan(1024 ** 2); // what a ConfigMap may hold
    }
  });

  it.each([
    [undefined, true],
    ["registry.example.org:5000/redis_exporter:v1.50.0", true],
    ["oliver006/redis_exporter:v1.45.0", false],
    ["registry.example.org:5000/redis_exporter", false],
  ])("the exporter %s is asked to read its password again: %s", (exporterImage, asked) => {
    const target = resolveKubernetes({ target: "kubernetes", kubernetes: { exporterImage } }) as KubernetesPlan;
    const [set] = manifestsOf(owner, plan, target).sets;
    const { containers } = (set as unknown as { spec: { template: { spec: { containers: object[] } } } }).spec.template
      .spec;
    const probe = { httpGet: { path: "/-/reload", port: "metrics" } };
    expect(containers).toContainEqual(
      expect.objectContaining({ name: "exporter", ...(asked && { livenessProbe: expect.objectContaining(probe) }) }),
    );
    expect(JSON.stringify(containers).includes("/-/reload")).toBe(asked);
  });
});
