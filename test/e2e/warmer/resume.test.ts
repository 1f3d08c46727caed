import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import { redisCheckpointStore } from "../../../warmer/resume/redis-store.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { clientOf } from "../../support/client.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = (redis.servers[0] as TestRedis).client;
  await postgres.sql(
    "CREATE TABLE items AS SELECT n AS id, 'item-' || lpad(n::text, 6, '0') AS name, repeat('x', 200) AS more FROM generate_series(1, 6000) n",
  );
  await postgres.sql("ALTER TABLE items ADD PRIMARY KEY (id)");
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

const datasets = (resumeBy: string | undefined, more: Record<string, unknown> = {}) => [
  {
    name: "first",
    priority: "CRITICAL",
    query: "SELECT n AS id FROM generate_series(1, 100) n",
    key: "first:{id}",
    value: { type: "json" },
  },
  {
    name: "items",
    query: "SELECT id, name, more FROM items",
    key: "item:{id}",
    value: { type: "json" },
    ...(resumeBy !== undefined && { resumeBy }),
    ...more,
  },
];

function run(plan: unknown, more: Partial<WarmOptions> = {}, name = "test"): Promise<WarmOutcome> {
  return warm({
    endpoint: redis.endpoint,
    postgresUrl: postgres.url,
    plan: parsePlan({ name, datasets: plan }),
    deadlineMs: 60_000,
    checkpoint: redisCheckpointStore(client, name, undefined),
    ...more,
  });
}

/** A run that is ended once so many rows of the second dataset have been written. */
function interrupted(plan: unknown, rows: number, more: Partial<WarmOptions> = {}): Promise<WarmOutcome> {
  const controller = new AbortController();
  return run(plan, {
    signal: controller.signal,
    limits: { keysPerSecond: 1500 },
    onProgress: ({ datasets }) => {
      if ((datasets[1]?.keys ?? 0) >= rows) controller.abort(new Error("interrupted by SIGINT"));
    },
    ...more,
  });
}

describe("a run that died", () => {
  it("continues at the row where it was", async () => {
    const plan = datasets("name");
    const died = await interrupted(plan, 3000);
    expect(died).toMatchObject({ ok: false, error: expect.stringContaining("interrupted by SIGINT") });
    const note = await client.get("hearth:resume:test");
    expect(JSON.parse(note ?? "").datasets).toMatchObject({ first: { done: true, rows: 100 }, items: { done: false } });
    expect(await client.ttl("hearth:resume:test")).toBeGreaterThan(3500);
    await client.del("first:1"); // what is done is not written again
    const before = await client.dbsize();

    const outcome = await run(plan);
    expect(outcome).toMatchObject({ ok: true, keys: 6100, rows: 6100 });
    const [first, items] = outcome.datasets;
    expect(first).toMatchObject({ status: "done", keys: 100, bytes: 0 });
    expect(items?.warnings[0]).toMatch(
      /^\d+ keys had been written by an earlier run .*; this one went on after row \d+$/,
    );
    const went = Number(/after row (\d+)/.exec(items?.warnings[0] ?? "")?.[1]);
    expect(went).toBeGreaterThan(1000);
    expect(before).toBeGreaterThan(went);
    expect(await client.dbsize()).toBe(6099);
    expect(await client.exists("hearth:resume:test")).toBe(0);
    expect((await run(plan)).keys).toBe(6100);
    expect(await client.exists("first:1")).toBe(1);
  });

  it("begins a dataset without order again, and skips those that are done", async () => {
    await interrupted(datasets(undefined), 2500);
    const outcome = await run(datasets(undefined));
    expect(outcome).toMatchObject({ ok: true, keys: 6100 });
    expect(outcome.datasets[0]?.warnings[0]).toContain("this one went on with the other datasets");
    expect(outcome.datasets[1]).toMatchObject({ rows: 6000, warnings: [] });
  });

  it("counts with limits and shards, and with rows whose order is unknown", async () => {
    await postgres.sql(
      "CREATE TABLE gaps AS SELECT n AS id, CASE WHEN n % 2 = 0 THEN n / 20 END AS rank, repeat('x', 200) AS more FROM generate_series(1, 6000) n",
    );
    const plan = datasets("rank", { query: "SELECT * FROM gaps ORDER BY id", limit: 5000, key: "gap:{id}" });
    const shard = { index: 0, count: 2 };
    const checkpoint = redisCheckpointStore(client, "test", shard);
    await interrupted(plan, 2000, { shard, checkpoint });
    const outcome = await run(plan, { shard, checkpoint });
    expect(outcome.datasets[1]?.warnings[0]).toMatch(/went on after row \d+/);
    const whole = await run(plan, { shard: { index: 1, count: 2 } });
    expect(whole.ok && outcome.ok).toBe(true);
    expect(await client.dbsize()).toBe(5100);
  });

  it("begins again where plan, source or cache are others", async () => {
    const plan = datasets("id");
    await interrupted(plan, 2000);
    const other = await run(datasets("id", { query: "SELECT id, name, more FROM items WHERE id <= 50" }));
    expect(other).toMatchObject({ ok: true, keys: 150 });
    await interrupted(plan, 2000);
    await client.flushall();
    expect(await run(plan)).toMatchObject({ ok: true });
    expect(await client.dbsize()).toBe(6100);
  });

  it("begins again where one primary of a cluster has lost its data, or writes only what that one misses", async () => {
    const cluster = await startCluster();
    const app = clientOf(cluster.endpoint);
    await app.get("any"); // its nodes are known once it has asked
    const checkpoint = redisCheckpointStore(app, "test", undefined);
    const options = { endpoint: cluster.endpoint, checkpoint };
    try {
      const plan = datasets("id");
      await interrupted(plan, 2500, options);
      const resumed = await run(plan, options);
      expect(resumed.datasets[1]?.warnings[0]).toContain("went on after row");
      await interrupted(plan, 2500, options);
      await cluster.servers[1]?.client.flushall();
      expect(await run(plan, options)).toMatchObject({ ok: true, keys: 6100 });
      const sizes = await Promise.all(cluster.servers.map((server) => server.client.dbsize()));
      expect(sizes.reduce((sum, size) => sum + size)).toBe(6100);
      await cluster.servers[2]?.client.flushall();
      const missing = await run(plan, { ...options, onlyMissing: { freshSeconds: 0 } });
      expect(missing.keys).toBe(sizes[2]);
    } finally {
      app.disconnect();
      await cluster.stop();
    }
  });

  it("resumeBy is refused for grouped rows, and where there is no such column", async () => {
    const set = { type: "set", member: "name" };
    expect(() => parsePlan({ name: "x", datasets: datasets("id", { value: set }) })).toThrow(
      'datasets[1].resumeBy: got "id", and the rows of a set are grouped into keys; leave it out',
    );
    const outcome = await run(datasets("idd"));
    expect(outcome.error).toContain('dataset "items": resumeBy: there is no column "idd" (did you mean "id"?)');
  });

  it("goes on without notes where the user may not keep any", async () => {
    const store = redisCheckpointStore(client, "test", undefined);
    const load = () => Promise.reject(new Error("NOPERM no access"));
    const outcome = await run(datasets("id"), { checkpoint: { ...store, load } });
    expect(outcome).toMatchObject({ ok: true, keys: 6100 });
    expect(outcome.warnings).toContain("a run that dies cannot go on later: NOPERM no access");
  });
});

describe("onlyMissing", () => {
  it("writes what is missing, and leaves the rest alone", async () => {
    const plan = datasets(undefined, { ttl: 3600, jitter: 0 });
    await run(plan);
    await client.del("item:1", "item:77", "item:6000");
    await client.set("item:2", "changed");
    const outcome = await run(plan, { onlyMissing: { freshSeconds: 0 } });
    expect(outcome).toMatchObject({ ok: true, keys: 3, rows: 6100 });
    expect(outcome.datasets.map(({ fresh }) => fresh)).toEqual([100, 5997]);
    expect(await client.dbsize()).toBe(6100);
    expect(await client.get("item:2")).toBe("changed");
  });

  it("writes what would expire too soon as well", async () => {
    const plan = datasets(undefined, { ttl: 3600, jitter: 0 });
    await run(plan);
    await client.expire("item:5", 100);
    const outcome = await run(plan, { onlyMissing: { freshSeconds: 1800 } });
    expect(outcome.keys).toBe(1); // the first dataset never expires
    expect(await client.ttl("item:5")).toBeGreaterThan(3500);
  });
});
