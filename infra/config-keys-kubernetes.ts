import type { ConfigKey } from "./config-key.ts";

/** A key that sets a part of the argument `kubernetes`. */
const part = (key: string, name: string, entry: Omit<ConfigKey, "key" | "argument" | "part">): ConfigKey => ({
  key,
  argument: "kubernetes",
  part: name,
  ...entry,
  meaning: `Kubernetes only. ${entry.meaning}`,
});

/**
 * The keys of the target kubernetes; `image`, `exporterImage`, `runnerImage`, `exporters` and `containerUser` are shared
 * with docker. They become keys of the stack (config-keys.ts) when the target is accepted.
 */
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
  part("serviceMonitor", "serviceMonitor", {
    boolean: true,
    values: "`true`, `false`",
    default: "`false`",
    meaning: "Whether a ServiceMonitor of the Prometheus operator is made.",
  }),
];
