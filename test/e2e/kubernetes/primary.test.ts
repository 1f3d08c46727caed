import { afterAll, beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { Deployed } from "../../support/deployed.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { isReady, podOf } from "../../support/kubernetes/objects.ts";
import { placeIn, runIn, startPod } from "../../support/kubernetes/pods.ts";
import { kubernetes } from "../../support/kubernetes.ts";
import { reached } from "../../support/reach.ts";
import { TestStack } from "../../support/stack.ts";
import { underLoad } from "../../support/under-load.ts";
import { until } from "../../support/wait.ts";
import { kubernetesTarget, namespaceOf } from "../conformance/kubernetes.ts";

kubernetesTarget.describe("a Service that leads to the primary", () => {
  let stack: TestStack;
  let deployed: Deployed;
  let namespace: string;
  /** As an application has it that knows no Sentinel. */
  let simple: Endpoint;

  beforeAll(async () => {
    const settings = { topology: "sentinel", tls: "generated", downAfter: "5 seconds", memory: "32mb", warm: "off" };
    stack = await new TestStack({ ...settings, ...(await kubernetesTarget.config()), exporters: "false" }).init();
    await stack.up();
    const outputs = await stack.outputs();
    deployed = new Deployed(outputs);
    await deployed.settled();
    namespace = namespaceOf(stack);
    const { username, password, tls } = outputs.endpoint;
    const nodes = [{ host: `cache-primary.${namespace}.svc`, port: 6379 }];
    simple = {
      ...{ topology: "standalone", nodes, database: 0 },
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(tls && { tls }),
    };
  });
  afterAll(async () => {
    deployed?.close();
    await stack?.end();
  });

  const proxies = async (): Promise<KubeObject[]> =>
    kubernetes().list("v1", "Pod", namespace, "hearth.cache=cache,hearth.kind=primary");

  /** Does something while a client writes through the Service, and tells what it lived through. */
  async function throughService(what: string, work: () => Promise<void>) {
    const found = (await stack.outputs()).endpoint;
    const load = { endpoint: simple, prefix: `${what}:`, backWithinMs: 60_000, found };
    return underLoad(`through cache-primary, ${what}`, load, work);
  }

  it("has two proxies that are ready, and a client speaks TLS with the primary through them", async () => {
    const pods = await proxies();
    expect(pods.map(isReady)).toEqual([true, true]);
    const { lost } = await throughService("nothing happens", async () => {});
    expect(lost).toBe(0);
  });

  it("the primary's pod is deleted: no acknowledged write is lost, and no replica is met", async () => {
    const old = await deployed.primaryOf(0);
    const before = (await podOf(namespace, old.name))?.metadata.uid;
    const { lost, reasons } = await throughService("deleted", async () => {
      await kubernetes().delete({ apiVersion: "v1", kind: "Pod", metadata: { name: old.name, namespace } });
      await until(
        "another pod, and ready",
        async () => {
          const now = await podOf(namespace, old.name);
          return now?.metadata.uid !== before && isReady(now);
        },
        120_000,
      );
    });
    await deployed.settled();
    // Whether it could hand over before is for pods-sentinel.test.ts to say.
    expect(reasons).not.toHaveProperty("READONLY");
    expect(lost).toBe(0);
  });

  it("the primary crashes, and is started again at once: another one takes over with all that was acknowledged", async () => {
    const old = await deployed.primaryOf(0);
    // A replica that has just come is not taken for one that was there meanwhile.
    await until("its replicas have run for a while", async () => {
      const replicas = deployed.data.filter(({ name }) => name !== old.name);
      const infos = await Promise.all(replicas.map((member) => deployed.connect(member).info("server")));
      return infos.every((info) => Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1]) >= 10);
    });
    const { lost, reasons } = await throughService("crashed", async () => {
      await runIn(namespace, old.name, ["sh", "-c", "kill -s SEGV 1"], { container: "redis" });
      await until("another one is the primary", async () => (await deployed.primaryOf(0)).name !== old.name, 60_000);
    });
    expect(reasons).not.toHaveProperty("READONLY");
    expect(lost).toBe(0);
    await deployed.settled();
  });

  it("proxies' pods are deleted, one after the other: clients come again, and reach the primary by another one", async () => {
    const { lost, failed } = await throughService("proxies deleted", async () => {
      const gone = new Set<unknown>();
      for (const { metadata } of await proxies()) {
        gone.add(metadata.uid);
        await kubernetes().delete({ apiVersion: "v1", kind: "Pod", metadata });
        const others = async () => (await proxies()).filter((pod) => isReady(pod) && !gone.has(pod.metadata.uid));
        await until("another one in its place", async () => (await others()).length === gone.size, 60_000);
      }
    });
    expect(lost).toBe(0);
    // The connection was by one of them.
    expect(failed).toBeLessThan(100);
  });

  it("without most of the sentinels no proxy is ready", async () => {
    const set = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "cache-sentinel", namespace } };
    const scale = (replicas: number) =>
      kubernetes().request("PATCH", `/apis/apps/v1/namespaces/${namespace}/statefulsets/${set.metadata.name}/scale`, {
        type: "application/merge-patch+json",
        body: { spec: { replicas } },
      });
    await scale(1);
    try {
      await until("none is ready", async () => !(await proxies()).some(isReady), 60_000);
    } finally {
      await scale(3);
    }
    await until("both are ready", async () => (await proxies()).every(isReady), 120_000);
  });

  it("a pod of the namespace that is no client reaches neither its port nor its probes, as long as the policy is there", async () => {
    const stranger = placeIn(namespace, await startPod(namespace, { image: "node" }));
    const [proxy] = await proxies();
    const ports = [6379, 8080].map((port) => ({ host: String(proxy?.status?.podIP), port, ask: false }));
    expect(await reached(stranger, ports, 1500)).toEqual([]);
    await kubernetes().delete({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "cache-primary", namespace },
    });
    await until("it reaches both", async () => (await reached(stranger, ports, 1500)).length === 2, 60_000);
  });
});
