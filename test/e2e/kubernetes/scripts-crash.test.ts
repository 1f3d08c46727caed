import { afterEach, describe, expect, it } from "vitest";
import { planCluster, planSentinel } from "../../../infra/plan/topology.ts";
import { until } from "../../support/wait.ts";
import { type Pod, podsOf } from "./scripts-lab.ts";

let lab: Awaited<ReturnType<typeof podsOf>> | undefined;
afterEach(async () => {
  await lab?.stop();
  lab = undefined;
});

const isUp = async ({ client }: Pod) => (await client.info("replication")).includes("master_link_status:up");
const isPrimary = async ({ client }: Pod) => (await client.info("replication")).includes("role:master");

/** Its slot, 3300, is one of the first shard's. */
const key = "b";

/** A write that the replica has, and no snapshot. */
async function written(primary: Pod): Promise<void> {
  await primary.client.config("SET", "save", "");
  await primary.client.set(key, "v");
  expect(await primary.client.wait(1, 5000)).toBe(1);
}

/** As the kubelet does it: at once. */
async function crashes(pod: Pod): Promise<void> {
  await pod.stop("SIGKILL");
  await pod.start();
}

describe("a primary that crashed and is started again at once, sooner than anybody misses it", () => {
  it("Sentinel: asks for another one, where a replica was there meanwhile; else it has the newest data", async () => {
    lab = await podsOf(planSentinel("cache", { replicas: 1, downAfter: "30 seconds", failoverTimeout: "1 minute" }));
    await Promise.all(lab.pods.map((pod) => pod.start()));
    const [primary, replica, ...sentinels] = lab.pods as [Pod, Pod, ...Pod[]];
    await until("the replica follows", () => isUp(replica));
    await until("the sentinels know it", async () => {
      const told = await Promise.all(sentinels.map(({ client }) => client.call("SENTINEL", "REPLICAS", "mymaster")));
      return told.every((replicas) => (replicas as unknown[]).length === 1);
    });
    await until("it has been there for a while", async () => {
      const [, seconds] = /uptime_in_seconds:(\d+)/.exec(await replica.client.info("server")) ?? [];
      return Number(seconds) >= 10;
    });
    await written(primary);
    await crashes(primary);
    expect(primary.log()).toContain(`starts as a replica of 127.0.0.1 ${replica.node.port}`);
    await until("it follows", () => isUp(primary));
    expect(await replica.client.get(key)).toBe("v");

    // All of them at once: nobody has anything newer than what is on the disks.
    await until("what it has is saved", async () => (await replica.client.save()) === "OK");
    await Promise.all([primary, replica].map((pod) => pod.stop("SIGKILL")));
    await replica.start();
    expect(replica.log()).toContain("starts as the primary");
    expect(await replica.client.get(key)).toBe("v");
  });

  it.each(["none", "snapshots"] as const)(
    "cluster, persistence %s: waits for its replica to take over",
    async (persistence) => {
      const plan = planCluster("cache", { persistence, nodeTimeout: "2 seconds" });
      const names = [0, 1, 2].flatMap((shard) => [0, 1].map((index) => `CACHE_SHARD_${shard}_${index}_SERVICE_HOST`));
      lab = await podsOf(plan, { env: Object.fromEntries(names.map((name) => [name, "127.0.0.1"])) });
      const primaries = lab.pods.filter(({ node }) => node.role === "primary");
      const [primary] = primaries as [Pod];
      const replica = lab.pods.find(({ node }) => node.role === "replica" && node.shard === 0) as Pod;
      await formed(primaries, replica);
      await written(primary);
      await crashes(primary);
      expect(primary.log()).toMatch(/waiting up to 12 s .* another is the primary now/s);
      await until("the replica is the primary, and it follows", async () => {
        return (await isPrimary(replica)) && (await isUp(primary));
      });
      expect(await replica.client.get(key)).toBe("v");
      // A replica that crashes has nobody to wait for.
      await crashes(primary);
      expect(primary.log()).not.toContain("waiting");
    },
  );
});

/** A cluster of these primaries, in which the replica follows the first one. */
async function formed(primaries: readonly Pod[], replica: Pod): Promise<void> {
  const [first] = primaries as [Pod];
  await Promise.all([...primaries, replica].map((pod) => pod.start()));
  const bounds = [0, 5461, 10_923, 16_384] as const;
  for (const [index, { client }] of primaries.entries()) {
    const [from, to] = [bounds[index] ?? 0, (bounds[index + 1] ?? 0) - 1];
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`);
    await client.call("CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to}`);
  }
  for (const { node } of [...primaries.slice(1), replica]) {
    await first.client.call("CLUSTER", "MEET", "127.0.0.1", `${node.port}`);
  }
  const id = String(await first.client.call("CLUSTER", "MYID"));
  await until("the replica follows", async () => {
    await replica.client.call("CLUSTER", "REPLICATE", id);
    return isUp(replica);
  });
  await until("all know all", async () => {
    const infos = await Promise.all([...primaries, replica].map(({ client }) => client.call("CLUSTER", "INFO")));
    return infos.every((info) => /cluster_state:ok.*cluster_known_nodes:4/s.test(String(info)));
  });
}
