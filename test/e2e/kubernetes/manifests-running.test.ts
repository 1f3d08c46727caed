import { beforeAll, expect, it } from "vitest";
import { planSentinel } from "../../../infra/plan/topology.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { runIn, startPod } from "../../support/kubernetes/pods.ts";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { until } from "../../support/wait.ts";
import { objects, secrets } from "./manifests-lab.ts";

kubernetesTest(
  "pods of a Sentinel topology on Kubernetes",
  (namespace) => {
    let client: string;
    const pod = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace } });
    const ask = (from: string, host: string, port: number, ...commands: string[]) =>
      runIn(namespace, from, ["timeout", "3", "redis-cli", "-h", host, "-p", `${port}`], {
        stdin: [`AUTH app ${secrets.passwords.app}`, ...commands, ""].join("\n"),
      });
    const primary = async () => {
      const { text } = await ask(client, "cache", 26379, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster");
      return /(cache-\d)\.\S+\.svc/.exec(text)?.[1];
    };
    const isReady = async (name: string) => {
      const { conditions = [] } = ((await kubernetes().get(pod(name)))?.status ?? {}) as {
        conditions?: { type: string; status: string }[];
      };
      return conditions.some(({ type, status }) => type === "Ready" && status === "True");
    };
    const names = ["cache-0", "cache-1", "cache-sentinel-0", "cache-sentinel-1", "cache-sentinel-2"];

    beforeAll(async () => {
      const plan = planSentinel("cache", { replicas: 1, memory: "32mb", persistence: "none" });
      const args = { namespace, image: images.redis, exporterImage: images.exporter };
      const all = objects(plan, namespace, { ...args, storage: "none", clients: [{ labels: { app: "web" } }] });
      for (const object of all) await kubernetes().apply(object, "hearth-test");
      client = await startPod(namespace, { labels: { app: "web" } });
      await until(
        "all pods are ready",
        async () => (await Promise.all(names.map(isReady))).every((ready) => ready),
        120_000,
      );
    }, 300_000);

    it("form it by the names of their Services, and let clients in, nobody else", async () => {
      expect(await until("the sentinels name a primary", primary)).toBe("cache-0");
      expect((await ask(client, `cache-0.${namespace}.svc`, 6379, "SET k v")).text).toContain("OK\nOK");
      const stranger = await startPod(namespace);
      expect((await ask(stranger, `cache-0.${namespace}.svc`, 6379, "GET k")).text).not.toContain("OK");
    });

    it("a primary whose pod is deleted hands over before it stops, and comes back as a replica", async () => {
      const before = (await kubernetes().get(pod("cache-0")))?.metadata.uid;
      await kubernetes().delete(pod("cache-0"));
      await until(
        "the pod is another one, and ready",
        async () => {
          const now = await kubernetes().get(pod("cache-0"));
          return now && now.metadata.uid !== before && (await isReady("cache-0"));
        },
        90_000,
      );
      expect(await primary()).toBe("cache-1");
      expect((await ask(client, `cache-1.${namespace}.svc`, 6379, "GET k")).text).toContain("v");
      const { text } = await ask(client, `cache-0.${namespace}.svc`, 6379, "INFO replication");
      expect(text).toContain(`master_host:cache-1.${namespace}.svc`);
    });
  },
  ["redis", "exporter"],
);
