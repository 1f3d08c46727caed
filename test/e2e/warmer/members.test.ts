import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import { previewPlan } from "../../../warmer/preview.ts";
import { CacheReader } from "../../../warmer/reader.ts";
import { readReplay } from "../../../warmer/replay.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { validate } from "../../../warmer/validate.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startStandalone, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = redis.servers[0]?.client as Redis;
  await postgres.sql(`
    CREATE TABLE scores (board int, member text, raw bytea, points float8, whole int8, exact numeric, seconds int);
    INSERT INTO scores VALUES
      (2, 'a', '\\x00ff0d0a', 1.1, 9007199254740993, 12.3400, 100), (1, 'b', '\\x', -5e-7, 3, 0, 200),
      (2, 'c', 'x', 'Infinity', 2, 2, 300), (2, 'a', '\\x00ff0d0a', 7, 1, 3, 50), (2, NULL, NULL, 4, 4, 4, 100),
      (1, 'd', 'y', NULL, NULL, NULL, 100), (3, NULL, NULL, 1, 1, 1, 100), (NULL, 'e', 'z', 1, 1, 1, 100),
      (2, '', 'w', '-Infinity', 5, 5, 100);
  `);
});
afterAll(() => Promise.all([postgres?.stop(), redis?.stop()]));
beforeEach(() => client.flushall());

const board = { name: "boards", query: "SELECT * FROM scores", key: "board:{board}", ttl: 100, jitter: 0 };
const run = (dataset: object, more: Partial<WarmOptions> = {}): Promise<WarmOutcome> =>
  warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan: planOf(dataset), deadlineMs: 60_000, ...more });
const planOf = (dataset: object) => parsePlan({ name: "test", datasets: [{ ...board, ...dataset }] });

describe("a large value that is replaced", () => {
  it.each(["set", "zset"] as const)("is never seen in part (%s)", async (type) => {
    const size = 50_000;
    const dataset = {
      query: `SELECT 1 AS board, n AS points, 'member-' || n AS member FROM generate_series(1, ${size}) n`,
      value: type === "set" ? { type, member: "member" } : { type, member: "member", score: "points" },
    };
    expect(await run(dataset)).toMatchObject({ ok: true, keys: 1 });
    const reader = client.duplicate();
    const seen = new Set<number>();
    let ended = false;
    const reading = (async () => {
      while (!ended) seen.add(type === "set" ? await reader.scard("board:1") : await reader.zcard("board:1"));
    })();
    for (let round = 0; round < 5; round++) expect(await run(dataset)).toMatchObject({ ok: true, keys: 1 });
    ended = true;
    await reading;
    reader.disconnect();
    expect([...seen]).toEqual([size]);
    expect(await client.keys("*")).toEqual(["board:1"]);
    expect(await client.ttl("board:1")).toBeGreaterThan(50);
    expect(await run({ ...dataset, ttl: undefined })).toMatchObject({ ok: true });
    expect(await client.ttl("board:1")).toBe(-1);
  });
});

describe("sorted sets", () => {
  it("hold the rows of each key; nothing of an older value stays", async () => {
    await client.zadd("board:2", 1, "stale");
    await client.set("board:1", "a string");
    const outcome = await run({ value: { type: "zset", member: "member", score: "points" } });
    expect(outcome).toMatchObject({ ok: true, rows: 4, keys: 2, failed: 2 });
    expect(outcome.datasets[0]?.failures).toEqual({ NULL_VALUE: 1, NULL_KEY: 1 });
    expect(await client.zrange("board:2", "0", "-1", "WITHSCORES")).toEqual(["", "-inf", "a", "7", "c", "inf"]);
    expect(await client.zrange("board:1", "0", "-1", "WITHSCORES")).toEqual(["b", "-4.9999999999999998e-07"]);
    expect(await client.ttl("board:2")).toBeGreaterThan(98);
  });

  it.each([
    ["whole", ["a", "1", "c", "2", "", "5"]],
    ["exact", ["c", "2", "a", "3", "", "5"]],
  ])("take scores of a column %s", async (score, expected) => {
    await run({ value: { type: "zset", member: "member", score } });
    expect(await client.zrange("board:2", "0", "-1", "WITHSCORES")).toEqual(expected);
  });

  it("take the longest TTL of the rows, and come in the order of the query", async () => {
    const value = { type: "zset", member: "member", score: "points" };
    const outcome = await run({ value, ttl: { column: "seconds" }, limit: 1 });
    expect(outcome).toMatchObject({ keys: 1 });
    expect(await client.keys("*")).toEqual(["board:2"]);
    expect(await client.ttl("board:2")).toBeGreaterThan(298);
  });

  it("are compared when they are read back", async () => {
    const value = { type: "zset", member: "member", score: "points" };
    const outcome = await run({ value, query: "SELECT * FROM scores WHERE board IN (1, 2)" });
    const replay = await readReplay({ plan: planOf({ value }), postgresUrl: postgres.url });
    expect(replay.keys.map(({ key }) => key).sort()).toEqual(["board:1", "board:2", "board:3"]);
    const gate = { minKeys: 1, minHitRatio: 0.5, onNoTraffic: "fail" } as const;
    const look = () => validate({ endpoint: redis.endpoint, gate, replay, written: outcome });
    expect((await look()).readBack).toEqual({ sampled: 2, matching: 2, mismatches: [] });
    await client.zadd("board:2", 8, "a");
    await client.zadd("board:1", 1, "more");
    expect([...(await look()).readBack.mismatches].sort()).toEqual([
      'boards: board:1 has a member "more" that was not written',
      'boards: board:2 has the score 8 for the member "a", and not 7',
    ]);
    await client.zrem("board:2", "a");
    await client.set("board:1", "text");
    expect([...(await look()).readBack.mismatches].sort()).toEqual([
      expect.stringContaining("boards: board:1 cannot be read as a zset (WRONGTYPE"),
      'boards: board:2 lacks the member "a"',
    ]);
  });

  it("a score that Redis does not take is attributed to its key", async () => {
    const query = "SELECT 1 AS board, 'a' AS member, 'NaN'::float8 AS points UNION ALL SELECT 2, 'b', 1";
    const outcome = await run({ query, value: { type: "zset", member: "member", score: "points" } });
    expect(outcome).toMatchObject({ ok: true, keys: 1, failed: 1 });
    expect(outcome.datasets[0]?.examples[0]).toMatchObject({ key: "board:1", code: "ERR" });
  });

  it("refuses a score that is no number", async () => {
    const outcome = await run({ value: { type: "zset", member: "board", score: "member" } });
    expect(outcome.error).toContain(
      'dataset "boards": value.score: "member" is no number; allowed is a column of numbers',
    );
  });
});

describe("sets", () => {
  it("hold any bytes; repeated members count once", async () => {
    await client.sadd("board:2", "stale");
    const outcome = await run({ value: { type: "set", member: "raw" }, ttl: undefined });
    expect(outcome).toMatchObject({ ok: true, keys: 2 });
    expect((await client.smembersBuffer("board:2")).map((member) => member.toString("hex")).sort()).toEqual([
      "00ff0d0a",
      "77",
      "78",
    ]);
    expect(await client.ttl("board:2")).toBe(-1);
  });

  it("may have one key for all rows, and none for no rows", async () => {
    const value = { type: "set", member: "member" };
    await run({ key: "everybody", value });
    expect((await client.smembers("everybody")).sort()).toEqual(["", "a", "b", "c", "d", "e"]);
    const none = await run({ key: "nobody", value, query: "SELECT * FROM scores WHERE false" });
    expect(none).toMatchObject({ ok: true, rows: 0, keys: 0, failed: 0 });
  });

  it("of many members are written by many commands, with and without a TTL", async () => {
    // The last thousands repeat the first: their SADD answers 0.
    const query = "SELECT 1 AS board, n % 20000 AS member FROM generate_series(0, 39999) AS n";
    for (const ttl of [100, undefined]) {
      const outcome = await run({ query, ttl, value: { type: "set", member: "member" } });
      expect(outcome).toMatchObject({ ok: true, keys: 1, failed: 0 });
      expect(await client.scard("board:1")).toBe(20_000);
    }
    const reader = await CacheReader.open(redis.endpoint);
    const { value } = await reader.read(Buffer.from("board:1"), "set");
    reader.close();
    expect((value as ReadonlySet<string>).size).toBe(20_000);
  });

  it("are previewed by key", async () => {
    const plan = planOf({ value: { type: "set", member: "member" }, query: "SELECT * FROM scores WHERE board < 3" });
    expect(await previewPlan({ plan, source: { url: postgres.url } })).toEqual([
      { name: "boards", priority: "MEDIUM", rows: 2, keys: ["board:2", "board:1"] },
    ]);
  });
});

describe("sets in a cluster", () => {
  it("are written to the primary of each slot, and split by shards", async () => {
    const cluster = await startCluster();
    try {
      const query = "SELECT n / 10 AS board, n AS member, n AS points FROM generate_series(0, 9999) AS n";
      const value = { type: "zset", member: "member", score: "points" };
      const keys: number[] = [];
      for (const index of [0, 1, 2]) {
        const outcome = await run(
          { query, value, limit: 900 },
          { endpoint: cluster.endpoint, shard: { index, count: 3 } },
        );
        expect(outcome).toMatchObject({ ok: true, failed: 0 });
        keys.push(outcome.keys);
      }
      const sizes = await Promise.all(cluster.servers.map((server) => server.client.dbsize()));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(900);
      expect(keys.reduce((sum, size) => sum + size, 0)).toBe(900);
      expect(Math.min(...keys)).toBeGreaterThan(200);
      const replay = { source: "datasets", keys: [{ key: "board:7", requests: 1 }], population: 1 } as const;
      const outcome = await run({ query, value }, { endpoint: cluster.endpoint });
      const gate = { minKeys: 1000, minHitRatio: 1, onNoTraffic: "fail" } as const;
      const { readBack, verdict } = await validate({ endpoint: cluster.endpoint, gate, replay, written: outcome });
      expect({ verdict, readBack }).toEqual({
        verdict: "warm",
        readBack: { sampled: 200, matching: 200, mismatches: [] },
      });
    } finally {
      await cluster.stop();
    }
  });
});
