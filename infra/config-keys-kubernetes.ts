import type { ConfigKey } from "./config-key.ts";
import { kubernetesDefaults } from "./plan/kubernetes.ts";

/** A key that sets a part of the argument `kubernetes`. */
const part = (key: string, name: string, entry: Omit<ConfigKey, "key" | "argument" | "part">): ConfigKey => ({
  key,
  part: { kubernetes: name },
  ...entry,
  meaning: `Kubernetes only. ${entry.meaning}`,
});

/** The keys of the target kubernetes alone. */
export const kubernetesKeys: readonly ConfigKey[] = [
  part("namespace", "namespace", {
    values: "a name",
    default: "one of its own, `<project>-<stack>-<name>`",
    meaning: "Namespace that is there, and stays.",
  }),
  part("kubeconfig", "kubeconfig", {
    values: "a path",
    default: "KUBECONFIG, else `~/.kube/config`",
    meaning: "How the cluster is reached.",
  }),
  part("kubeContext", "context", {
    values: "a name",
    default: "the current one",
    meaning: "A context of the kubeconfig.",
  }),
  part("storage", "storage", {
    values: "a size from `1gb`, or `none`",
    default: "three times `memory`; `none` with persistence `none`",
    meaning: "Volume of each data node.",
  }),
  part("storageClass", "storageClass", {
    values: "a name",
    default: "the cluster's own",
    meaning: "StorageClass of the volumes.",
  }),
  part("cpu", "cpu", {
    values: "cores: `2`, or thousandths: `500m`",
    default: `\`${kubernetesDefaults.cpu}\``,
    meaning: "CPU that each data node is given at least.",
  }),
  part("cpuLimit", "cpuLimit", {
    values: "as `cpu`",
    default: "no limit",
    meaning: "CPU that each data node may use at most.",
  }),
  part("demoImage", "demoImage", {
    values: "as `image`",
    default: `\`${kubernetesDefaults.demoImage}\``,
    meaning: "Image with PostgreSQL 14 or later, which runs beside the warmer where `source` is `demo`.",
  }),
  part("clientPods", "clients", {
    json: '[{"labels": {"app": "web"}}]',
    values: 'JSON: `[{"labels": {"app": "web"}, "namespace": "shop"}]`',
    default: "none",
    meaning: "Pods of applications, which are let in besides the networks of `clients`.",
  }),
  part("monitoringPods", "monitoring", {
    json: '[{"labels": {"app": "prometheus"}}]',
    values: "as `clientPods`",
    default: "none",
    meaning: "Pods that scrape the exporters, besides the networks of `monitoring`.",
  }),
  part("primaryService", "primaryService", {
    boolean: true,
    values: "`true`, `false`",
    default: "`true`",
    meaning: "Sentinel: whether a Service `<name>-primary` leads clients that know no Sentinel to the primary.",
  }),
  part("serviceMonitor", "serviceMonitor", {
    boolean: true,
    values: "`true`, `false`",
    default: "`false`",
    meaning: "Whether a ServiceMonitor of the Prometheus operator is made.",
  }),
];
