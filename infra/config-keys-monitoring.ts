import type { ConfigKey } from "./config-key.ts";
import { watcherDefaults } from "./plan/monitoring/prometheus.ts";

const { prometheus, alertmanager } = watcherDefaults;

/** The keys of Monitoring, which watches the cache. */
export const monitoringKeys: readonly ConfigKey[] = [
  {
    key: "monitoringDir",
    values: "a path",
    default: "none: no files",
    meaning:
      "Folder for what Prometheus and Grafana read: scrape configuration, rules, dashboards (docs/monitoring.md), relative to the folder of Pulumi.yaml; removed by destroy.",
  },
  {
    key: "monitoringObjects",
    values: "`true`, `false`",
    default: "`false`",
    meaning:
      "Kubernetes only. PrometheusRule and ServiceMonitor where the cluster knows these kinds, dashboards as ConfigMaps.",
  },
  {
    key: "prometheus",
    values: `\`false\`, \`true\`: port ${prometheus.port}, or a port`,
    default: "`false`",
    meaning: "Docker only. A Prometheus for development beside the nodes, on 127.0.0.1 of the engine's machine.",
  },
  {
    key: "prometheusImage",
    values: "as `image`",
    default: `\`${prometheus.image}\``,
    meaning: "Image of Prometheus, 2.42 or later.",
  },
  {
    key: "alertmanager",
    values: `\`false\`, \`true\`: port ${alertmanager.port}, or a port`,
    default: "`false`",
    meaning: "An Alertmanager beside that Prometheus, which shows alerts and tells nobody.",
  },
  {
    key: "alertmanagerImage",
    values: "as `image`",
    default: `\`${alertmanager.image}\``,
    meaning: "Image of Alertmanager.",
  },
];
