import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { defineMonitoring } from "../../support/kubernetes/monitoring-crds.ts";
import { resolveServices } from "../../support/kubernetes/names.ts";
import { kubernetes, kubernetesTest, ownCluster } from "../../support/kubernetes.ts";
import { Prometheus, whyNothingScraped } from "../../support/scraped.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import { kubernetesTarget, namespaceOf } from "../conformance/kubernetes.ts";

/** What Prometheus finds in a namespace by `role: endpoints`: Debian's has no discovery of Kubernetes. */
async function discovered(namespace: string): Promise<{ targets: string[]; labels: Record<string, string> }[]> {
  const list = (kind: string) => kubernetes().list("v1", kind, namespace);
  const [services, endpoints, pods] = await Promise.all([list("Service"), list("Endpoints"), list("Pod")]);
  const labelsOf = (what: string, found: readonly KubeObject[], name = "") => {
    const labels = found.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {};
    const meta = Object.entries(labels).map(([label, value]) => {
      return [`__meta_kubernetes_${what}_label_${label.replaceAll(/\W/g, "_")}`, value] as const;
    });
    return Object.fromEntries(meta);
  };
  return (endpoints as (KubeObject & Subsets)[]).flatMap(({ metadata: { name }, subsets = [] }) =>
    subsets.flatMap(({ addresses = [], ports = [] }) =>
      addresses.flatMap(({ ip, targetRef: pod }) =>
        ports.map((port) => ({
          targets: [`${ip}:${port.port}`],
          labels: {
            ...labelsOf("service", services, name),
            ...labelsOf("pod", pods, pod?.name),
            __meta_kubernetes_endpoint_port_name: port.name,
            __meta_kubernetes_pod_name: pod?.name ?? "",
          },
        })),
      ),
    ),
  );
}
interface Subsets {
  readonly subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string; readonly targetRef?: { readonly name: string } }[];
    readonly ports?: readonly { readonly name: string; readonly port: number }[];
  }[];
}

/** Objects for an operator of Prometheus, and for Grafana: `hearth:monitoringObjects`. There is no operator here. */

interface Relabeling {
  readonly sourceLabels?: readonly string[];
  readonly targetLabel: string;
  readonly replacement?: string;
}
const minutes = 60_000;

kubernetesTest("what watches a cache on Kubernetes", () => {
  let stack: TestStack;
  const spec = async <T>(kind: string) => {
    const namespace = namespaceOf(stack);
    const apiVersion = "monitoring.coreos.com/v1";
    return (await kubernetes().get({ apiVersion, kind, metadata: { name: "cache", namespace } }))?.spec as T;
  };

  beforeAll(async () => {
    await resolveServices();
    await defineMonitoring();
    const open = ownCluster ? ownCluster.host : "0.0.0.0/0";
    const config = { ...(await kubernetesTarget.config()), monitoring: open, persistence: "none", memory: "32mb" };
    stack = await new TestStack({ ...config, topology: "standalone", warm: "off", monitoringObjects: "true" }).init();
  });
  afterAll(() => stack?.end(), 5 * minutes);

  it(
    "a preview shows what the cluster knows the kinds of; an update makes it, and a second one changes nothing",
    async () => {
      const preview = await stack.preview();
      expect(preview).toMatch(/monitoring\.coreos\.com\/v1:PrometheusRule .*monitoring-rules/);
      expect(preview).toMatch(/monitoring\.coreos\.com\/v1:ServiceMonitor .*monitoring-scraping/);
      await stack.up();
      expect(await stack.up("--expect-no-changes")).toContain("unchanged");
      const maps = await kubernetes().list("v1", "ConfigMap", namespaceOf(stack), "grafana_dashboard=1");
      expect(maps.map(({ metadata }) => metadata.name).toSorted()).toEqual(
        ["latency", "overview", "warming"].map((name) => `cache-dashboard-${name}`),
      );
    },
    10 * minutes,
  );

  it("Prometheus takes the rules", async () => {
    const file = join(stack.folder, "rules.yml");
    writeFileSync(file, stringify(await spec("PrometheusRule")));
    const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file]);
    if (error === undefined) expect(status, `${stdout}${stderr}`).toBe(0);
  });

  it.skipIf(whyNothingScraped)("what the ServiceMonitor finds has the labels that the rules ask for", async () => {
    const monitor = await spec<{
      selector: { matchLabels: Record<string, string> };
      namespaceSelector: { matchNames: string[] };
      endpoints: { port: string; relabelings: Relabeling[] }[];
    }>("ServiceMonitor");
    const [endpoint] = monitor.endpoints;
    const keep = (label: string, regex: string) => ({ source_labels: [label], regex, action: "keep" });
    // As the operator makes a configuration of it.
    const [namespace = ""] = monitor.namespaceSelector.matchNames;
    const job = {
      ...{ job_name: "cache", scrape_interval: "1s", static_configs: await discovered(namespace) },
      relabel_configs: [
        ...Object.entries(monitor.selector.matchLabels).map(([label, value]) =>
          keep(`__meta_kubernetes_service_label_${label.replaceAll(/\W/g, "_")}`, value),
        ),
        keep("__meta_kubernetes_endpoint_port_name", endpoint?.port ?? ""),
        ...(endpoint?.relabelings ?? []).map(({ sourceLabels, targetLabel, replacement }) => ({
          ...(sourceLabels && { source_labels: sourceLabels }),
          target_label: targetLabel,
          ...(replacement !== undefined && { replacement }),
        })),
      ],
    };
    const prometheus = new Prometheus();
    try {
      const rules = stringify(await spec("PrometheusRule"));
      await prometheus.run(
        { global: { evaluation_interval: "1s" }, rule_files: ["rules.yml"], scrape_configs: [job] },
        { "rules.yml": rules.replaceAll("interval: 15s", "interval: 1s") },
      );
      const up = await until("the pod is scraped", async () => {
        const found = await prometheus.query("redis_up == 1");
        return found.length > 0 && found;
      });
      const own = { stack: `hearth/${stack.name}`, cache: "cache", topology: "standalone", node: "cache-0" };
      expect(up.map(({ metric }) => metric)).toEqual([expect.objectContaining({ ...own, kind: "redis" })]);
      // A rule that is made of figures, and finds them.
      await until("a recorded figure", async () => {
        const [ratio] = await prometheus.query(`hearth:memory:ratio{cache="cache",stack="${own.stack}"}`);
        return ratio !== undefined;
      });
      expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
    } finally {
      await prometheus.stop();
    }
  });

  it(
    "they go when they are not asked for any more",
    async () => {
      stack.set({ monitoringObjects: undefined });
      await stack.up();
      expect([await spec("PrometheusRule"), await spec("ServiceMonitor")]).toEqual([undefined, undefined]);
    },
    10 * minutes,
  );
}, ["redis", "exporter", "node"]);
