import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import type { Progress, WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startSentinel, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres?.stop();
});

/** Rows enough to still be under way when something happens to the servers. */
const MANY = 300_000;

function run(
  endpoint: Endpoint,
  rows: number,
  type: "hash" | "json",
  more: Partial<WarmOptions> = {},
): Promise<WarmOutcome> {
  const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${rows}) n`;
  const plan = parsePlan({
    name: "test",
    datasets: [{ name: "numbers", query, key: "n:{id}", value: { type }, ttl: "1 hour" }],
  });
  return warm({ endpoint, plan, postgresUrl: postgres.url, deadlineMs: 90_000, ...more });
}

/** Runs `act` once, when a first part of the keys is there. */
function onceUnderWay(act: () => void): (progress: Progress) => void {
  let done = false;
  return ({ datasets }) => {
    if (done || (datasets[0]?.keys ?? 0) < 1000) return;
    done = true;
    act();
  };
}

async function sizes(servers: readonly TestRedis[]): Promise<number> {
  return (await Promise.all(servers.map(({ client }) => client.dbsize()))).reduce((sum, size) => sum + size, 0);
}

describe("cluster", () => {
  let cluster: TestTopology<"cluster">;

  beforeAll(async () => {
    cluster = await startCluster(1);
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  it("writes each key to the primary of its slot, hash tags respected", async () => {
    const query = "SELECT n AS id, n % 7 AS tag FROM generate_series(1, 20000) n";
    const plan = parsePlan({
      name: "test",
      datasets: [
        { name: "plain", query, key: "p:{id}", value: { type: "hash" } },
        { name: "tagged", query, key: "{{{tag}}}:{id}", value: { type: "json" } },
        { name: "untagged", query, key: "{{}}{id}", value: { type: "json" } },
      ],
    });
    const [first] = cluster.endpoint.nodes;
    const outcome = await warm({
      endpoint: { ...cluster.endpoint, nodes: first === undefined ? [] : [first] },
      plan,
      postgresUrl: postgres.url,
    });
    expect(outcome).toMatchObject({ ok: true, keys: 60_000, failed: 0, engine: "restore" });
    expect(await sizes(cluster.servers.slice(0, 3))).toBe(60_000);
    const client = new Cluster([...cluster.endpoint.nodes]);
    expect(await client.hgetall("p:77")).toEqual({ id: "77", tag: "0" });
    expect(await client.get("{3}:3")).toBe('{"id":3,"tag":3}');
    expect(await client.get("{}5")).toBe('{"id":5,"tag":5}');
    await client.quit();
  });

  it("reaches servers by a natMap", async () => {
    const aliased = Object.fromEntries(
      cluster.servers.map(({ port }) => [`127.0.0.1:${port}`, { host: "localhost", port }]),
    );
    const outcome = await run({ ...cluster.endpoint, natMap: aliased }, 1000, "hash");
    expect(outcome).toMatchObject({ ok: true, keys: 1000 });
  });

  it("follows a slot that moves meanwhile", async () => {
    const [from, to] = cluster.servers as [TestRedis, TestRedis];
    const [source, target] = await Promise.all(
      [from, to].map(({ client }) => client.call("CLUSTER", "MYID") as Promise<string>),
    );
    // Eight slots half-way: what is there stays, what is not is asked for on the other side.
    const slots = Array.from({ length: 8 }, (_, index) => String(index * 10));
    for (const slot of slots) {
      await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source as string);
      await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target as string);
    }
    const asked = await run(cluster.endpoint, 50_000, "hash", { engine: "hset" });
    expect(asked).toMatchObject({ ok: true, keys: 50_000, failed: 0 });
    const moving = onceUnderWay(() => {
      void (async () => {
        for (const slot of slots) {
          for (;;) {
            const keys = (await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, "500")) as string[];
            if (keys.length === 0) break;
            await from.client.call(
              "MIGRATE",
              "127.0.0.1",
              String(to.port),
              "",
              "0",
              "5000",
              "REPLACE",
              "KEYS",
              ...keys,
            );
          }
          for (const { client } of [to, from]) await client.call("CLUSTER", "SETSLOT", slot, "NODE", target as string);
        }
      })();
    });
    const moved = await run(cluster.endpoint, MANY, "json", { onProgress: moving });
    expect(moved).toMatchObject({ ok: true, keys: MANY, failed: 0 });
    await until("the slots have moved", async () => {
      const client = new Cluster([...cluster.endpoint.nodes]);
      try {
        return (await client.exists("n:1")) === 1 && (await from.client.call("CLUSTER", "COUNTKEYSINSLOT", "0")) === 0;
      } finally {
        client.disconnect();
      }
    });
  });

  it("goes on when a primary dies and its replica takes over", async () => {
    const victim = cluster.servers[2] as TestRedis;
    const outcome = await run(cluster.endpoint, MANY, "hash", { onProgress: onceUnderWay(() => void victim.kill()) });
    expect(outcome).toMatchObject({ ok: true, keys: MANY, failed: 0 });
    expect(victim.pid).toBeGreaterThan(0);
  });
});

describe("sentinel", () => {
  let group: TestTopology<"sentinel">;

  beforeAll(async () => {
    group = await startSentinel();
  });

  afterAll(async () => {
    await group?.stop();
  });

  it("asks the sentinels for the primary", async () => {
    const outcome = await run(group.endpoint, 5000, "hash");
    expect(outcome).toMatchObject({ ok: true, keys: 5000, engine: "restore" });
    expect(await group.servers[0]?.client.dbsize()).toBe(5000);
  });

  it("passes over a sentinel that is down, and names all when none answers", async () => {
    const [, ...others] = group.endpoint.sentinels;
    const dead = { host: "127.0.0.1", port: 1 };
    expect(await run({ ...group.endpoint, sentinels: [dead, ...others] }, 10, "json")).toMatchObject({
      ok: true,
      keys: 10,
    });
    const outcome = await run({ ...group.endpoint, sentinels: [dead] }, 10, "json");
    expect(outcome.error).toContain("Cannot reach Redis 127.0.0.1:1: connect ECONNREFUSED");
    const wrong = await run({ ...group.endpoint, masterName: "other" }, 10, "json");
    expect(wrong.error).toContain('watches no primary named "other"');
  });

  it("goes on at the new primary after a failover", async () => {
    const old = group.servers[0] as TestRedis;
    const outcome = await run(group.endpoint, MANY, "hash", { onProgress: onceUnderWay(() => void old.kill()) });
    expect(outcome).toMatchObject({ ok: true, keys: MANY, failed: 0 });
  });
});
