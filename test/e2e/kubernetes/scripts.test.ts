import { afterEach, describe, expect, it } from "vitest";
import { planCluster, planStandalone } from "../../../infra/plan/topology.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { until } from "../../support/wait.ts";
import { hostile, type LabOptions, type Pod, podsOf } from "./scripts-lab.ts";

type Lab = Awaited<ReturnType<typeof podsOf>>;
let lab: Lab | undefined;
afterEach(async () => {
  await lab?.stop();
  lab = undefined;
});

describe("a standalone pod, without a cluster", () => {
  const standalone = async (args: Parameters<typeof planStandalone>[1] = {}, options?: LabOptions): Promise<Pod> => {
    lab = await podsOf(planStandalone("cache", args), options);
    return lab.pods[0] as Pod;
  };

  it("starts with what its version has; what it rewrote itself does not stay behind", async () => {
    const pod = await standalone({ extraDirectives: { "maxmemory-samples": "7" } });
    await pod.start();
    const config = async (name: string) => ((await pod.client.config("GET", name)) as string[])[1];
    expect(await config("maxmemory-samples")).toBe("7");
    expect(await config("maxmemory-clients")).toBe(`${64 * 1024 ** 2}`); // Redis 7.0 and later
    expect(pod.config()).not.toContain("#if");
    await pod.client.config("SET", "maxmemory-samples", "9");
    await pod.client.config("REWRITE");
    expect(pod.config()).toContain("maxmemory-samples 9");
    await pod.client.set("k", "v");
    await pod.stop();
    await pod.start();
    expect(await config("maxmemory-samples")).toBe("7");
    expect(await pod.client.get("k")).toBe("v");
    expect(pod.config() + pod.log()).not.toContain(hostile);
  });

  it("is alive while it answers, ready while it serves", async () => {
    const pod = await standalone();
    const none = { code: 1, text: "no answer" };
    expect([await pod.script("health.sh", "live"), await pod.script("health.sh", "ready")]).toEqual([none, none]);
    await pod.start();
    expect(await pod.script("health.sh", "live")).toEqual({ code: 0, text: "answers" });
    expect(await pod.script("health.sh", "ready")).toEqual({ code: 0, text: "serves" });
    expect(await pod.client.info("errorstats")).not.toContain("errorstat_NOAUTH");
    // A password that the server does not know yet: it is not helped by being killed.
    await pod.client.call("ACL", "SETUSER", "exporter", "resetpass", ">another");
    expect(await pod.script("health.sh", "live")).toEqual({ code: 0, text: "answers" });
    expect((await pod.script("health.sh", "ready")).code).toBe(1);
  });
});

describe("pods of a cluster, without a cluster", () => {
  const env = { CACHE_SHARD_0_0_SERVICE_HOST: "127.0.0.1", CACHE_SHARD_0_1_SERVICE_HOST: "127.0.0.1" };

  it("does not start before it knows its Service's address", async () => {
    lab = await podsOf(planCluster("cache"));
    const [pod] = lab.pods as [Pod];
    await expect(pod.start()).rejects.toThrow("this pod does not know the Service cache-shard-0-0 yet: starting again");
  });

  it("speak TLS to each other and to their scripts, hand over to a replica, and come back as one", async () => {
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue("node");
    const tls = { ca: authority.ca, cert, key, authClients: "yes" } as const;
    const plan = planCluster("cache", { tls: { mutual: true }, persistence: "aof" });
    const certificates = new Map([0, 1, 2].flatMap((s) => [0, 1].map((i) => [`cache-shard-${s}-${i}`, tls] as const)));
    lab = await podsOf(plan, { env, certificates });
    const pods = lab.pods.filter(({ node }) => node.shard === 0);
    const [primary, replica] = pods as [Pod, Pod];
    await Promise.all(pods.map((pod) => pod.start()));
    await primary.client.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await replica.client.call("CLUSTER", "MEET", "127.0.0.1", `${primary.node.port}`);
    const id = String(await primary.client.call("CLUSTER", "MYID"));
    await until("the replica follows", async () => {
      const info = await replica.client.info("replication");
      // Once more would begin its copy anew.
      if (info.includes("role:master")) await replica.client.call("CLUSTER", "REPLICATE", id);
      return info.includes("master_link_status:up");
    });
    for (const pod of pods)
      await until(`${pod.node.name} is ready`, async () => (await pod.script("health.sh", "ready")).code === 0);
    expect(String(await primary.client.call("CLUSTER", "NODES"))).toContain(
      `127.0.0.1:${replica.node.port}@${replica.node.busPort},127.0.0.1 slave`,
    );

    await primary.client.set("k", "v");
    await primary.client.wait(1, 5000);
    expect(await primary.script("prestop.sh")).toEqual({ code: 0, text: "handed over to 127.0.0.1" });
    await primary.stop();
    expect(await replica.client.get("k")).toBe("v");
    await primary.start();
    await until("the old primary is a replica", async () => {
      const said = await primary.script("health.sh", "ready");
      return said.code === 0 && (await primary.client.info("replication")).includes("role:slave");
    });
    expect(await replica.script("prestop.sh")).toMatchObject({ text: expect.stringContaining("handed over") });
    await authority.remove();
  });
});
