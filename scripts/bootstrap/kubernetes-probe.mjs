// Looks at a cluster that has just been started, or that somebody gave.
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:https";
import path from "node:path";

/** Whether the API server at this address is ready. */
export function answers(address, pki) {
  const [ca, cert, key] = ["ca.crt", "admin.crt", "admin.key"].map((name) => readFileSync(path.join(pki, name)));
  return new Promise((resolve) => {
    const asked = request({ host: address, port: 6443, path: "/readyz", ca, cert, key, timeout: 2000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

/** What answers by KUBECONFIG, for people, or undefined. */
export async function whatRuns() {
  const { KubeConfig, VersionApi } = await import("@kubernetes/client-node");
  try {
    const config = new KubeConfig();
    config.loadFromDefault();
    const { gitVersion } = await config.makeApiClient(VersionApi).getCode({ signal: AbortSignal.timeout(10_000) });
    return `Kubernetes ${gitVersion}`;
  } catch {
    return undefined;
  }
}

/** Whether pods can be made: the node is ready, and the controllers, which come later, have looked round. */
export async function nodeIsReady(kubeconfig) {
  const { config, CoreV1Api } = await clientOf(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const { items } = await core.listNode();
  if (items[0]?.status?.conditions?.find(({ type }) => type === "Ready")?.status !== "True") return false;
  for (const namespace of ["default", "kube-system"]) {
    await core.readNamespacedServiceAccount({ name: "default", namespace });
  }
  return true;
}

/** Makes all that a folder's manifests say. */
export async function makeAll(kubeconfig, folder) {
  const { config, KubernetesObjectApi, loadAllYaml } = await clientOf(kubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  for (const name of readdirSync(folder)) {
    for (const object of loadAllYaml(readFileSync(path.join(folder, name), "utf8"))) await objects.create(object);
  }
}

/** Whether names of Services are known. */
export async function dnsIsReady(kubeconfig) {
  const { config, AppsV1Api } = await clientOf(kubeconfig);
  const found = await config.makeApiClient(AppsV1Api).readNamespacedDeployment({
    name: "coredns",
    namespace: "kube-system",
  });
  return found.status?.availableReplicas === 1;
}

async function clientOf(kubeconfig) {
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  config.loadFromFile(kubeconfig);
  return { ...client, config };
}
