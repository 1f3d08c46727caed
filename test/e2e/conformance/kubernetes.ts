import { beforeAll, onTestFinished, vi } from "vitest";
import { serverAt } from "../../support/client.ts";
import { ApiError, type KubeObject, pathOf } from "../../support/kubernetes/api.ts";
import { resolveServices } from "../../support/kubernetes/names.ts";
import { isReady, objectsIn, podOf } from "../../support/kubernetes/objects.ts";
import { images, kubernetes, kubernetesTest, ownCluster } from "../../support/kubernetes.ts";
import type { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import type { TargetDriver } from "./driver.ts";

/** Pods take their time: each is pulled down, made, probed and let in, and is asked by pods of its own. */
const patienceMs = 900_000;
/** Keeps a pod that is deleted from being gone. */
const finalizer = "hearth.test/kept";

/** The namespace of a stack's cache: one of its own. */
export function namespaceOf({ name }: Pick<TestStack, "name">): string {
  return `hearth-${name}-cache`;
}

/** Pods of a Kubernetes cluster, which this machine must reach by the names of their Services. */
export const kubernetesTarget: TargetDriver = {
  target: "kubernetes",
  describe(name, body) {
    vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs });
    kubernetesTest(name, () => {
      beforeAll(resolveServices);
      body();
    }, ["redis", "exporter", "node", "postgres"]);
  },
  config: async () => ({
    target: "kubernetes",
    ...{ image: images.redis, exporterImage: images.exporter, runnerImage: images.node },
    ...{ demoImage: images.postgres, storage: "1gb" },
    // Whatever address the connections of this machine have, where the cluster is not the tests' own.
    clients: ownCluster ? ownCluster.host : "0.0.0.0/0",
  }),
  async kill(stack, node) {
    const namespace = namespaceOf(stack);
    const { nodes, endpoints } = await stack.outputs();
    const member = nodes.find(({ name }) => name === node);
    const pod = await podOf(namespace, node);
    if (!member || !pod) throw new Error(`the stack has no pod ${node}`);
    // As with a machine that is lost: the pod is known to be on its way out, and no other takes its place.
    await keep(pod, [finalizer]);
    const letBack = () => keep(pod, null);
    onTestFinished(letBack);
    const server = serverAt(member.port, endpoints.operator, { host: member.host, retryStrategy: () => null });
    server.on("error", () => {}); // it is to end
    await server.call("SHUTDOWN", "NOSAVE", "NOW", "FORCE").catch(() => {});
    await kubernetes().request("DELETE", pathOf(pod), { query: { gracePeriodSeconds: "0" } });
    server.disconnect();
    return letBack;
  },
  async restart(stack, nodes) {
    const namespace = namespaceOf(stack);
    const before = await Promise.all(nodes.map((node) => podOf(namespace, node)));
    await Promise.all(before.map((pod) => pod && kubernetes().delete(pod)));
    await until(
      "other pods, and ready",
      async () => {
        const now = await Promise.all(nodes.map((node) => podOf(namespace, node)));
        const missing = now.filter(
          (pod, index) => !isReady(pod) || pod?.metadata.uid === before[index]?.metadata.uid,
        ).length;
        if (missing > 0) throw new Error(`${missing} are not`);
        return true;
      },
      300_000,
    );
  },
  async footprint(stack) {
    const found = await objectsIn(namespaceOf(stack));
    return found.map(({ apiVersion, kind, metadata: { name, namespace = "" } }) =>
      [apiVersion, kind, namespace, name].join(" "),
    );
  },
  async left(footprint) {
    const look = async () => {
      const there = footprint.map(async (thing) => {
        const [apiVersion = "", kind = "", namespace = "", name = ""] = thing.split(" ");
        return (await kubernetes().get({ apiVersion, kind, metadata: { name, namespace } })) ? [thing] : [];
      });
      return (await Promise.all(there)).flat();
    };
    // Whoever made a volume removes it when its claim is gone.
    await until("nothing is left", async () => (await look()).length === 0, 60_000).catch(() => {});
    return look();
  },
};

async function keep(pod: KubeObject, finalizers: readonly string[] | null): Promise<void> {
  const { uid } = pod.metadata;
  try {
    await kubernetes().request("PATCH", pathOf(pod), {
      type: "application/merge-patch+json",
      body: { metadata: { uid, finalizers } },
    });
  } catch (error) {
    // It is gone, or another has its name.
    if (!(error instanceof ApiError && [404, 422].includes(error.status) && finalizers === null)) throw error;
  }
}
