import { beforeAll, expect, it } from "vitest";
import { runnerLabels } from "../../../infra/plan/kubernetes/network-policy.ts";
import { metricsPort } from "../../../infra/plan/kubernetes/services.ts";
import { busOffset } from "../../../infra/plan/ports.ts";
import { planCluster } from "../../../infra/plan/topology.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { placeIn, runIn, startPod } from "../../support/kubernetes/pods.ts";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { type Place, reached } from "../../support/reach.ts";
import { until } from "../../support/wait.ts";
import { objects } from "./manifests-lab.ts";
import { startRedis } from "./runner-lab.ts";

const node = "cache-shard-0-0";
const redis = 6379;
const bus = redis + busOffset;
const everything = [redis, metricsPort, bus];

kubernetesTest(
  "the NetworkPolicy of a cluster's pods",
  (namespace) => {
    const owner = { project: "shop", stack: "test", namespace };
    const plan = planCluster("cache", { port: redis, memory: "32mb", persistence: "none" });
    let host: string;
    let policy: KubeObject;
    let stranger: Place;
    let client: Place;
    let scraper: Place;
    let runner: Place;

    /** Which of the node's ports a pod reaches: by its own address, and by its Service, which has no exporter's port. */
    const from = async (place: Place) => {
      const tried = (at: string) => everything.map((port) => ({ host: at, port, ask: false }));
      const own = await reached(place, tried(host), 1500);
      const service = await reached(place, tried(`${node}.${namespace}.svc`), 1500);
      expect(service).toEqual(own.filter((port) => port !== metricsPort));
      return own;
    };
    /** What a server that is none of the topology's tells one of its pods. */
    const outwards = () =>
      runIn(namespace, node, ["timeout", "2", "redis-cli", "-h", `redis.${namespace}.svc`, "ping"], {
        container: "redis",
      });

    beforeAll(async () => {
      const all = objects(plan, namespace, {
        ...{ namespace, image: images.redis, exporterImage: images.exporter, storage: "none" },
        ...{ clients: [{ labels: { app: "web" } }], monitoring: [{ labels: { app: "prometheus" } }] },
      });
      // One shard will do: whether it forms a cluster is not looked at.
      const made = all.filter(({ kind, metadata }) => kind !== "StatefulSet" || metadata.name === "cache-shard-0");
      for (const object of made) await kubernetes().apply(object, "hearth-test");
      policy = all.find(({ kind }) => kind === "NetworkPolicy") as KubeObject;
      const pods = [{}, { app: "web" }, { app: "prometheus" }, runnerLabels(owner, plan)].map((labels) =>
        startPod(namespace, { labels, image: "node" }),
      );
      const places = (await Promise.all(pods)).map((name) => placeIn(namespace, name));
      [stranger, client, scraper, runner] = places as [Place, Place, Place, Place];
      await startRedis(namespace);
      const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: node, namespace } };
      host = await until(
        `the address of ${node}`,
        async () => (await kubernetes().get(pod))?.status?.podIP as string | undefined,
      );
      await until("the server", async () => (await from(client)).includes(redis), 60_000);
      await until("the exporter", async () => (await from(scraper)).includes(metricsPort), 60_000);
    }, 300_000);

    it("a pod without the label reaches no port; a client's and the runner's the Redis port, monitoring the exporter's", async () => {
      expect(await from(stranger)).toEqual([]);
      expect(await from(client)).toEqual([redis]);
      expect(await from(runner)).toEqual([redis]);
      expect(await from(scraper)).toEqual([metricsPort]);
    });

    it("the pods themselves reach nobody else", async () => {
      expect((await outwards()).text).not.toContain("NOAUTH");
    });

    it("it is the policy: without it everybody reaches every port, and they everybody", async () => {
      await kubernetes().delete(policy);
      await until("no policy is enforced", async () => (await from(stranger)).length === everything.length);
      expect(await from(client)).toEqual(everything);
      expect((await outwards()).text).toContain("NOAUTH");
    });
  },
  ["redis", "exporter", "node"],
);
