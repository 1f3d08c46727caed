import { createRequire } from "node:module";
import { KubernetesApi } from "../kubernetes/api.ts";
import { servePlugin } from "../provider-plugin.ts";
import { difference } from "./diff.ts";
import { replacing } from "./kinds.ts";
import { type Cluster, isNamed, previewed, standIn } from "./provider.ts";

// A stand-in for pulumi-resource-kubernetes, for tests on machines that cannot have the official one. Started by the
// Pulumi engine.
let cluster: Cluster;
let mutable = { ConfigMap: false, Secret: false };
const { version } = createRequire(import.meta.url)("@pulumi/kubernetes/package.json");

await servePlugin({
  provider: standIn(() => cluster, version),
  configuration: [
    ...["kubeconfig", "context", "namespace", "clusterIdentifier"],
    ...["enableServerSideApply", "enableConfigMapMutable", "enableSecretMutable"],
  ],
  configure(config) {
    if (config.enableServerSideApply === "false") {
      throw new Error("enableServerSideApply: false is not served by the tests' stand-in");
    }
    mutable = { ConfigMap: config.enableConfigMapMutable === "true", Secret: config.enableSecretMutable === "true" };
    const { kubeconfig, context, namespace = "default" } = config;
    cluster = {
      api: KubernetesApi.of({ ...(kubeconfig && { kubeconfig }), ...(context && { context }) }),
      namespace,
    };
  },
  difference: (urn, state, olds, news) => difference(state, olds, news, replacing(urn, news, mutable)),
  deleteBeforeReplace: (_, olds, news) => isNamed(news) && identity(news) === identity(olds),
  preview: (urn, inputs, olds) => previewed(cluster, urn, inputs, olds),
});

function identity({ metadata }: Record<string, unknown>): string {
  const { name, namespace } = metadata as { name?: string; namespace?: string };
  return `${namespace}/${name}`;
}
