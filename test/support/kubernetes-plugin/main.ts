import { createRequire } from "node:module";
import { KubernetesApi } from "../kubernetes/api.ts";
import { servePlugin } from "../provider-plugin.ts";
import { difference } from "./diff.ts";
import { replacing } from "./kinds.ts";
import { isNamed, previewed, standIn } from "./provider.ts";

// A stand-in for pulumi-resource-kubernetes, for tests on machines that cannot have the official one. Started by the
// Pulumi engine.
let api: () => KubernetesApi = () => {
  throw new Error("not configured");
};
let namespace = "default";
let mutable = { ConfigMap: false, Secret: false };
const { version } = createRequire(import.meta.url)("@pulumi/kubernetes/package.json");

await servePlugin({
  provider: standIn(
    () => api(),
    () => namespace,
    version,
  ),
  configuration: [
    ...["kubeconfig", "context", "namespace", "clusterIdentifier"],
    ...["enableServerSideApply", "enableConfigMapMutable", "enableSecretMutable"],
  ],
  configure(config) {
    if (config.enableServerSideApply === "false") {
      throw new Error("enableServerSideApply: false is not served by the tests' stand-in");
    }
    mutable = { ConfigMap: config.enableConfigMapMutable === "true", Secret: config.enableSecretMutable === "true" };
    const { kubeconfig, context } = config;
    namespace = config.namespace ?? "default";
    let made: KubernetesApi | undefined;
    // Previews do without a cluster.
    api = () => {
      made ??= KubernetesApi.of({ ...(kubeconfig && { kubeconfig }), ...(context && { context }) });
      return made;
    };
  },
  difference: (urn, state, olds, news) => difference(state, olds, news, replacing(urn, news, mutable)),
  deleteBeforeReplace: (_, olds, news) => isNamed(news) && identity(news) === identity(olds),
  preview: (urn, inputs, olds) => previewed(api, urn, inputs, olds),
});

function identity({ metadata }: Record<string, unknown>): string {
  const { name, namespace } = metadata as { name?: string; namespace?: string };
  return `${namespace}/${name}`;
}
