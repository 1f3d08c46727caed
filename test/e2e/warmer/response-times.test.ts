import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WarmReport } from "../../../contract/warming.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { readReplay } from "../../../warmer/replay.ts";
import { runWarming } from "../../../warmer/run-warming.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

describe("what validation measures", () => {
  let postgres: TestPostgres;
  let redis: TestTopology<"standalone">;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
    await postgres.sql(`
      CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL);
      INSERT INTO items SELECT n, 'Item ' || n FROM generate_series(1, 20000) AS n;
      CREATE TABLE log (key text);
      -- A third of the requests asks for what is not warmed; one key is of no dataset, and one fits no column.
      INSERT INTO log SELECT 'item:' || (CASE WHEN n % 3 = 0 THEN 500 + n ELSE n % 100 + 1 END)
      FROM generate_series(1, 3000) AS n;
      INSERT INTO log VALUES ('other'), ('item:x'), (NULL);
      CREATE VIEW slow AS SELECT id, name, pg_sleep(0.004)::text AS pause FROM items;
      ANALYZE`);
  });
  afterAll(() => Promise.all([postgres?.stop(), redis?.stop()]));

  const items = (changes: object = {}) => ({
    ...{ name: "items", query: "SELECT id, name FROM items ORDER BY id", limit: 200, key: "item:{id}" },
    ...{ value: { type: "hash" }, ...changes },
  });
  const logged = { query: "SELECT key FROM log" };

  async function run(dataset: object, replay: object | undefined, onNoTraffic = "fail" as const): Promise<WarmReport> {
    const plan = parsePlan({ name: "x", datasets: [dataset], ...(replay && { replay }) });
    const gate = { minKeys: 1, minHitRatio: 0.5, onNoTraffic };
    return await runWarming({ endpoint: redis.endpoint, plan, source: { url: postgres.url }, gate });
  }

  it("all of a small log is replayed, before and after; keys that nobody can look up do no harm", async () => {
    await redis.servers[0]?.client.flushall();
    // Someone asked for these before.
    for (let id = 1; id <= 50; id++) await redis.servers[0]?.client.hset(`item:${id}`, "name", "x");
    const { validation, metrics, ok } = await run(items(), logged);
    expect(ok).toBe(true);
    expect(validation?.replay).toEqual({
      ...{ source: "access-log", requests: 3002, hits: 2000, hitRatio: 2000 / 3002, population: 3002 },
      interval: { low: 2000 / 3002, high: 2000 / 3002 },
      before: { hits: 1000, hitRatio: 1000 / 3002 },
      improvement: 1000 / 3002,
    });
    expect(metrics.hitRatioImprovement).toBeCloseTo(1 / 3, 2);
    const { hits, misses, datasets } = validation?.latency ?? {};
    expect(hits?.samples).toBeGreaterThan(10);
    expect(misses?.samples).toBe(hits?.samples);
    expect(datasets?.map(({ name }) => name)).toEqual(["items"]);
    // By its index, although the dataset's query is a sorted whole.
    expect(misses?.p50Ms).toBeLessThan(10);
  });

  it("a miss is timed by the plan's own query where there is one; slow ones end with the time for them", async () => {
    const { validation, durationMs } = await run(items({ lookup: "SELECT * FROM slow WHERE id = :id" }), logged);
    const { misses, speedup } = validation?.latency ?? {};
    expect(misses?.p50Ms).toBeGreaterThan(4);
    expect(misses?.samples).toBeLessThan(26);
    expect(speedup?.p50).toBeGreaterThan(1);
    expect(durationMs).toBeLessThan(5000);
  });

  it("a lookup that fails leaves the times out, and nothing else", async () => {
    const { validation, ok } = await run(items({ lookup: "SELECT 1 / 0" }), logged);
    expect(ok).toBe(true);
    expect(validation?.latency).toBeNull();
  });

  it("no traffic is a verdict of its own", async () => {
    const { validation, ok, metrics } = await run(items(), { query: "SELECT key FROM log WHERE false" });
    expect(ok).toBe(false);
    expect(validation).toMatchObject({
      verdict: "no-traffic",
      latency: null,
      replay: { source: "none", requests: 0, hitRatio: null, population: 0, interval: null, improvement: null },
    });
    expect(metrics.hitRatioImprovement).toBeNull();
  });

  it("without a log the keys of all datasets are sampled at random, each within its limit", async () => {
    const plan = parsePlan({
      name: "x",
      datasets: [items({ limit: 15_000 }), items({ name: "few", key: "few:{id}", limit: 100 })],
    });
    const { source, population, keys } = await readReplay({ plan, postgresUrl: postgres.url });
    expect({ source, population, drawn: keys.length }).toEqual({ source: "datasets", population: 15_100, drawn: 5871 });
    const ids = keys.filter(({ key }) => key.startsWith("item:")).map(({ key }) => Number(key.slice(5)));
    expect(Math.max(...ids)).toBeLessThanOrEqual(15_000);
    expect(ids.reduce((sum, id) => sum + id, 0) / ids.length).toBeGreaterThan(7000);
    expect(ids.reduce((sum, id) => sum + id, 0) / ids.length).toBeLessThan(8000);
    const fewer = await readReplay({ plan, postgresUrl: postgres.url, sample: 10 });
    expect(fewer.keys.reduce((sum, { requests }) => sum + requests, 0)).toBe(10);
    expect(fewer.population).toBe(15_100);
  });
});
