import { rmSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { planSentinel } from "../../../infra/plan/topology.ts";
import { until } from "../../support/wait.ts";
import { type LabOptions, type Pod, podsOf } from "./scripts-lab.ts";

type Lab = Awaited<ReturnType<typeof podsOf>>;
let lab: Lab | undefined;
afterEach(async () => {
  await lab?.stop();
  lab = undefined;
});

const times = { downAfter: "1 second", failoverTimeout: "5 seconds" } as const;

async function started(args: Parameters<typeof planSentinel>[1] = {}, options?: LabOptions) {
  lab = await podsOf(planSentinel("cache", { ...times, ...args }), options);
  await Promise.all(lab.pods.map((pod) => pod.start()));
  const data = lab.pods.filter(({ node }) => node.kind === "redis");
  const sentinels = lab.pods.filter(({ node }) => node.kind === "sentinel");
  await complete(data, sentinels);
  return { data, sentinels };
}

/** Whom the sentinels name, as a pod. */
async function primaryOf(data: readonly Pod[], sentinels: readonly Pod[]): Promise<Pod | undefined> {
  const views = await Promise.all(
    sentinels.map(({ client }) => client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")),
  );
  const ports = new Set(views.map((view) => (view as string[])[1]));
  return ports.size === 1 ? data.find(({ node }) => ports.has(`${node.port}`)) : undefined;
}

async function complete(data: readonly Pod[], sentinels: readonly Pod[]): Promise<Pod> {
  return until("one primary, its replicas in sync, and sentinels that know all of them", async () => {
    const primary = await primaryOf(data, sentinels);
    const infos = await Promise.all(data.map(({ client }) => client.info("replication")));
    const states = await Promise.all(
      sentinels.map(async ({ client }) => {
        const fields = (await client.call("SENTINEL", "MASTER", "mymaster")) as string[];
        const value = (name: string) => fields[fields.indexOf(name) + 1];
        return `${value("num-slaves")} ${value("num-other-sentinels")} ${value("flags")}`;
      }),
    );
    const up = infos.filter((info) => info.includes("master_link_status:up")).length;
    const settled = states.every((state) => state === `${data.length - 1} ${sentinels.length - 1} master`);
    if (!primary || up !== data.length - 1 || !settled) return;
    return infos.filter((info) => info.includes("role:master")).length === 1 ? primary : undefined;
  });
}

const idOf = async ({ client }: Pod) => String(await client.call("SENTINEL", "MYID"));
const written = ({ client }: Pod, replicas: number) => client.set("k", "v").then(() => client.wait(replicas, 5000));

describe("pods of a Sentinel topology, without a cluster", () => {
  it("form it by themselves, hand over before they stop, and remember what became of it", async () => {
    const { data, sentinels } = await started({ persistence: "aof-always" });
    const first = (await primaryOf(data, sentinels)) as Pod;
    expect(first.node.name).toBe("cache-0");
    expect(await written(first, 2)).toBe(2);

    const said = await first.script("prestop.sh");
    expect(said).toMatchObject({ code: 0, text: expect.stringMatching(/^handed over to 127\.0\.0\.1 \d+$/) });
    // What it acknowledged from here on would be lost: it acknowledges nothing.
    const late = first.client.set("late", "v").then(
      () => "acknowledged",
      () => "refused",
    );
    await first.stop();
    await first.start();
    expect(first.log()).toContain("starts as a replica of 127.0.0.1");
    const second = await complete(data, sentinels);
    expect(second.node.name).not.toBe("cache-0");
    expect(await second.client.get("k")).toBe("v");
    expect(await Promise.race([late, "waits"])).not.toBe("acknowledged");

    const ids = await Promise.all(sentinels.map(idOf));
    await Promise.all(sentinels.map((pod) => pod.stop("SIGKILL")));
    await Promise.all(sentinels.map((pod) => pod.start()));
    expect((await complete(data, sentinels)).node.name).toBe(second.node.name);
    expect(await Promise.all(sentinels.map(idOf))).toEqual(ids);

    await Promise.all([...data, ...sentinels].map((pod) => pod.stop("SIGKILL")));
    await Promise.all([...data, ...sentinels].map((pod) => pod.start()));
    // Another one, where a node took longer to start than the sentinels wait.
    expect(await (await complete(data, sentinels)).client.get("k")).toBe("v");
    expect(sentinels[0]?.config()).toMatch(/^sentinel known-sentinel mymaster /m);
  });

  it("a replica, a sentinel and a lone primary have nothing to hand over", async () => {
    const { data, sentinels } = await started({ replicas: 1 });
    const [primary, replica] = data as [Pod, Pod];
    expect(await replica.script("prestop.sh")).toEqual({ code: 0, text: "" });
    await replica.stop();
    await until("the primary has lost its replica", async () => (await primary.client.info()).includes("slaves:0"));
    expect(await primary.script("prestop.sh")).toEqual({ code: 0, text: "no replica could take over" });
    expect(await primary.client.set("k", "v")).toBe("OK");
    expect(sentinels).toHaveLength(3);
  });

  it("a primary whose sentinels are stopped as well gives up soon, and accepts writes again", async () => {
    const { data, sentinels } = await started({ replicas: 1 });
    const [primary] = data as [Pod];
    await Promise.all(sentinels.map((pod) => pod.stop("SIGKILL")));
    const start = performance.now();
    expect(await primary.script("prestop.sh")).toEqual({ code: 0, text: "no replica could take over" });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(await primary.client.set("k", "v")).toBe("OK");
  });

  it("a sentinel with an empty volume learns the primary from the others, and from the data nodes where all are empty", async () => {
    const { data, sentinels } = await started();
    await (data[0] as Pod).script("prestop.sh");
    await (data[0] as Pod).stop();
    await (data[0] as Pod).start();
    const primary = await complete(data, sentinels);
    const [one] = sentinels as [Pod];
    await one.stop();
    rmSync(one.volume, { recursive: true });
    await one.start();
    expect(one.config()).toMatch(new RegExp(`^sentinel monitor mymaster "?127.0.0.1"? ${primary.node.port} 2$`, "m"));

    await Promise.all(sentinels.map((pod) => pod.stop()));
    for (const { volume } of sentinels) rmSync(volume, { recursive: true });
    await Promise.all(sentinels.map((pod) => pod.start()));
    expect((await complete(data, sentinels)).node.name).toBe(primary.node.name);
  });

  it("a primary whose data is gone asks for another one before it comes back", async () => {
    const { data, sentinels } = await started({
      persistence: "none",
      downAfter: "30 seconds",
      failoverTimeout: "1 minute",
    });
    const [first] = data as [Pod];
    expect(await written(first, 2)).toBe(2);
    await first.stop("SIGKILL");
    await first.start();
    expect(first.log()).toContain("starts as a replica of 127.0.0.1");
    const now = await complete(data, sentinels);
    expect(now.node.name).not.toBe("cache-0");
    expect(await now.client.get("k")).toBe("v");
  });

  it("where no sentinel answers they are what they were last", async () => {
    const { data, sentinels } = await started();
    await Promise.all([...data, ...sentinels].map((pod) => pod.stop()));
    const [primary, replica] = data as [Pod, Pod];
    await primary.start();
    await replica.start();
    expect(primary.log()).toContain("starts as the primary");
    expect(replica.log()).toContain(`starts as a replica of 127.0.0.1 ${primary.node.port}`);
  });
});
