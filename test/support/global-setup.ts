import { dockerPlugin } from "../../scripts/bootstrap/docker-plugin.mjs";
import { runningCluster } from "../../scripts/bootstrap/kubernetes-cluster.mjs";
import { kubernetesPlugin } from "../../scripts/bootstrap/kubernetes-plugin.mjs";
import { removeLeftovers } from "./docker-leftovers.ts";
import { removeLeftNamespaces } from "./kubernetes/leftovers.ts";

/** Once for a run with tests on the real engine, before the first of them: which providers their stacks use. */
export default async function setup(): Promise<void> {
  console.error(`hearth: Docker provider: ${await dockerPlugin()}`);
  await removeLeftovers();
  const kubeconfig = process.env.KUBECONFIG || runningCluster()?.kubeconfig;
  if (process.env.HEARTH_NO_KUBERNETES || !kubeconfig) return;
  process.env.KUBECONFIG = kubeconfig;
  console.error(`hearth: Kubernetes provider: ${await kubernetesPlugin()}`);
  await removeLeftNamespaces().catch((error) => console.error(`hearth: ${error.message}`));
}
