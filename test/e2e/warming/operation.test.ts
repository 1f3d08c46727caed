import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { OperationFailure, type OperationResult } from "../../../contract/operation.ts";
import type { WarmReport } from "../../../contract/warming.ts";
import { warm } from "../../../ops/warm.ts";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import { mealPlanner } from "../../../warmer/plans/index.ts";
import { freePorts } from "../../support/ports.ts";
import { startCluster, startRedis, startSentinel, startStandalone, type TestTopology } from "../../support/redis.ts";

type Props = Record<string, unknown>;

const lines: string[] = [];

async function ask(action: "check" | "create" | "read" | "update" | "delete", inputs: Props): Promise<OperationResult> {
  const request = {
    operation: "warm",
    action,
    id: action === "create" ? "" : "warm",
    inputs,
    olds: {},
    deadlineMs: 60_000,
  };
  return await warm(request, { signal: AbortSignal.timeout(60_000), progress: (line) => lines.push(line) });
}

/** The failure of a run, with what it leaves behind. */
async function failureOf(inputs: Props, action: "create" | "update" = "create"): Promise<OperationFailure | Error> {
  try {
    await ask(action, inputs);
  } catch (error) {
    return error as Error;
  }
  throw new Error("the run succeeded");
}

const reportOf = (result: OperationResult) => result.outputs?.report as WarmReport;
const gate = { minKeys: 1800, minHitRatio: 0.9, onNoTraffic: "fail" as const };

describe("operation warm", () => {
  let database: DemoDatabase;
  let redis: TestTopology<"standalone">;
  let client: Redis;
  let inputs: Props;
  beforeAll(async () => {
    [database, redis] = await Promise.all([startDemoDatabase(), startStandalone()]);
    client = redis.servers[0]?.client as Redis;
    inputs = {
      operation: "warm",
      name: "cache-warming-run",
      endpoint: redis.endpoint,
      plan: "meal-planner",
      source: { url: database.url },
      gate,
    };
  });
  afterAll(() => Promise.all([database?.stop(), redis?.stop()]));

  it("writes the meal planner's 1,820 keys, and proves them warm", async () => {
    const result = await ask("create", inputs);
    const report = reportOf(result);
    expect(result.id).toBe("warm");
    expect(report).toMatchObject({ ok: true, keys: 1820, rows: 1820, failed: 0, evictedKeys: 0 });
    expect(report.datasets.map(({ name, keys, status }) => [name, keys, status])).toEqual([
      ["recipes", 100, "done"],
      ["preferences", 1000, "done"],
      ["searches", 20, "done"],
      ["meal-plans", 500, "done"],
      ["nutrition", 200, "done"],
    ]);
    expect(report.validation).toMatchObject({
      verdict: "warm",
      problems: [],
      replay: { source: "access-log", requests: 6489, population: 20_000, before: { hits: 0, hitRatio: 0 } },
    });
    expect(report.validation?.readBack.matching).toBe(report.validation?.readBack.sampled);
    expect(report.validation?.replay.hitRatio).toBeGreaterThan(0.93);
    expect(report.validation?.replay.hitRatio).toBeLessThan(0.98);
    // The marker is the only key besides.
    expect(await client.dbsize()).toBe(1821);
    expect(lines.at(-1)).toContain("verdict: warm");
  });

  it("writes what the application reads: keys, JSON, times to live", async () => {
    const [recipe] = await client.keys("recipe:*");
    const value = JSON.parse((await client.get(recipe ?? "")) ?? "");
    expect(Object.keys(value)).toEqual([
      ...["id", "name", "ingredients", "instructions", "calories", "prepTime", "cookTime", "rating", "viewCount"],
      ...["cacheTime", "cached"],
    ]);
    expect(recipe).toBe(`recipe:${value.id}`);
    expect(value).toMatchObject({ cached: true, ingredients: expect.any(Array), rating: expect.any(Number) });
    expect(new Date(value.cacheTime).toISOString()).toBe(value.cacheTime);
    const ttl = 3600 * Math.min(24, Math.max(1, value.viewCount / 100 + value.rating * 2));
    expect(await client.ttl(recipe ?? "")).toBeGreaterThan(Math.floor(ttl) * 0.9 - 60);
    expect(await client.ttl(recipe ?? "")).toBeLessThanOrEqual(Math.ceil(ttl * 1.1));

    const search = `search:${createHash("md5").update("chicken breast").digest("hex")}`;
    const found = JSON.parse((await client.get(search)) ?? "");
    expect(found).toMatchObject({ term: "chicken breast", cached: true });
    expect(found.results).toHaveLength(20);
    expect(Object.keys(found.results[0]).sort()).toEqual(["calories", "id", "name", "prepTime", "rating"]);
    for (const [pattern, seconds] of [
      ["search:*", 1800],
      ["mealplan:*", 86_400],
      ["nutrition:*", 86_400],
      ["preferences:*", 604_800],
    ] as const) {
      for (const key of (await client.keys(pattern)).slice(0, 20)) {
        const left = await client.ttl(key);
        expect(left, key).toBeGreaterThan(seconds * 0.9 - 60);
        expect(left, key).toBeLessThanOrEqual(seconds * 1.1 + 1);
      }
    }
    expect(await client.keys("nutrition:* *")).toEqual([]);
  });

  it("sees in `read` that the data is there, lost, or another's", async () => {
    const { outputs } = await ask("update", inputs);
    const known = { ...inputs, ...outputs };
    expect(await ask("read", known)).toEqual({ id: "warm", outputs: {} });
    expect(await ask("read", { ...known, runId: "another" })).toEqual({
      id: "warm",
      outputs: { drift: "cache was warmed by somebody else" },
    });
    await client.flushall();
    expect(await ask("read", known)).toEqual({ id: "warm", outputs: { drift: "cache lost its data" } });
    const again = await ask("update", inputs);
    expect(await ask("read", { ...inputs, ...again.outputs })).toEqual({ id: "warm", outputs: {} });
  });

  it("removes its marker when deleted, and nothing else", async () => {
    const { outputs } = await ask("update", inputs);
    await ask("delete", { ...inputs, ...outputs, runId: "another" });
    expect(await client.exists("hearth:warm:cache-warming-run")).toBe(1);
    await ask("delete", { ...inputs, ...outputs });
    expect(await client.exists("hearth:warm:cache-warming-run")).toBe(0);
    expect(await client.dbsize()).toBe(1820);
  });

  it("fails with the figures when the hit ratio is missed, and is run again by the next update", async () => {
    await client.flushall();
    const recipes = { ...mealPlanner, datasets: [mealPlanner.datasets[0]] };
    const error = (await failureOf({ ...inputs, plan: recipes, gate: { minHitRatio: 0.9 } })) as OperationFailure;
    expect(error).toBeInstanceOf(OperationFailure);
    expect(error.message).toMatch(
      /^The cache is not warm: hit ratio 0\.4\d of 6,489 replayed requests is below minHitRatio 0\.9; missed for example .*; 100 keys were written|^The cache is not warm: hit ratio 0\.4\d of 6,489 replayed requests is below minHitRatio 0\.9; missed for example .*100 keys were written\.$/,
    );
    expect(error.id).toBe("warm");
    expect(error.outputs).toMatchObject({ drift: "the gate was missed", report: { ok: false, keys: 100 } });
    expect(await client.exists("hearth:warm:cache-warming-run")).toBe(0);
    expect(await ask("read", { ...inputs, ...error.outputs })).toEqual({
      id: "warm",
      outputs: { drift: "the last run did not finish" },
    });
  });

  it("fails when fewer keys were written than minKeys asks for", async () => {
    const error = await failureOf({ ...inputs, gate: { ...gate, minKeys: 5000 } });
    expect(error.message).toContain("1,820 keys were written, and minKeys asks for 5,000");
  });

  it("never takes an empty cache for a success", async () => {
    await client.flushall();
    const empty = {
      name: "empty",
      datasets: [{ name: "none", query: "SELECT 1 AS id WHERE false", key: "x:{id}", value: { type: "json" } }],
    };
    const easy = { minKeys: 0, minHitRatio: 0, onNoTraffic: "pass" };
    const error = await failureOf({ ...inputs, plan: empty, gate: easy });
    expect(error).not.toBeInstanceOf(OperationFailure);
    expect(error.message).toMatch(
      /^The cache is not warm: the cache holds no keys at all; .*none: .*no rows.* 0 keys were written\.$/,
    );
    await client.set("other", "1");
    expect((await failureOf({ ...inputs, plan: empty, gate: easy })).message).toContain("every dataset is empty");
  });

  it.each([
    ["fail", /no requests to replay/],
    ["warn", undefined],
    ["pass", undefined],
  ] as const)("without traffic: %s", async (onNoTraffic, message) => {
    const quiet = { ...mealPlanner, replay: { query: "SELECT 'x' WHERE false" } };
    const quietInputs = { ...inputs, plan: quiet, gate: { ...gate, onNoTraffic } };
    lines.length = 0;
    if (message !== undefined) {
      expect((await failureOf(quietInputs)).message).toMatch(message);
      return;
    }
    const report = reportOf(await ask("update", quietInputs));
    expect(report).toMatchObject({ ok: true, validation: { verdict: "no-traffic", replay: { hitRatio: null } } });
    expect(lines.some((line) => line.startsWith("warning: there were no requests"))).toBe(onNoTraffic === "warn");
  });

  it("replays the datasets' own keys where the plan has no access log, and compares hashes field by field", async () => {
    const { key, query, limit } = mealPlanner.datasets[1];
    const hashes = {
      name: "hashes",
      parameters: mealPlanner.parameters,
      datasets: [{ name: "preferences", query, limit, key, value: { type: "hash" }, ttl: "7 days" }],
    };
    await client.flushall();
    const report = reportOf(await ask("update", { ...inputs, plan: hashes, gate: {} }));
    expect(report.validation?.replay).toMatchObject({
      source: "datasets",
      population: 1000,
      requests: 1000,
      hits: 1000,
      hitRatio: 1,
    });
    expect(report.validation?.readBack).toEqual({ sampled: 200, matching: 200, mismatches: [] });
    expect(await client.type("preferences:1500")).toBe("hash");
  });

  it("names dataset, query and cause when PostgreSQL refuses a query", async () => {
    const broken = structuredClone(mealPlanner) as unknown as { datasets: { query: string }[] };
    (broken.datasets[3] as { query: string }).query = "SELECT user_id, id, name FROM meal_plan";
    const error = await failureOf({ ...inputs, plan: broken });
    expect(error.message).toMatch(/^Warming failed: .*meal-plans.*relation "meal_plan" does not exist/s);
    expect(error.message).toMatch(/keys were written\.$/);
  });

  it("fails before anything when PostgreSQL or Redis cannot be reached, without the password", async () => {
    const [port, own] = [await freePorts(1), await startRedis([], { password: "right-password" })];
    const url = `postgres://someone:s3cret-word@127.0.0.1:${port}/none`;
    const unreachable = await failureOf({ ...inputs, source: { url } });
    expect(unreachable.message).toContain(`127.0.0.1:${port}`);
    expect(unreachable.message).not.toContain("s3cret-word");
    const dead = { ...redis.endpoint, nodes: [{ host: "127.0.0.1", port }] };
    expect((await failureOf({ ...inputs, endpoint: dead })).message).toMatch(
      new RegExp(`Cannot read from Redis \\(standalone, 127.0.0.1:${port}\\): .*ECONNREFUSED`),
    );
    const locked = { ...redis.endpoint, nodes: [{ host: "127.0.0.1", port: own.port }], password: "wr0ng-word" };
    const refused = await failureOf({ ...inputs, endpoint: locked });
    expect(refused.message).toContain("WRONGPASS");
    expect(refused.message).not.toContain("wr0ng-word");
    await own.stop();
  });

  it("refuses a Redis that the plan does not fit into, before the first key", async () => {
    const small = await startStandalone(["maxmemory 1500kb", "maxmemory-policy noeviction"]);
    try {
      const error = await failureOf({ ...inputs, endpoint: small.endpoint });
      expect(error.message).toMatch(/^Warming failed: The plan does not fit into Redis's memory: it needs about /);
      expect(error.message).toMatch(
        / 0 keys were written\. maxmemory is set by memory \(hearth:memory\), its policy by eviction\.$/,
      );
    } finally {
      await small.stop();
    }
  });

  it("sees eviction as a cold cache", async () => {
    const small = await startStandalone(["maxmemory 1500kb", "maxmemory-policy allkeys-random"]);
    try {
      const error = await failureOf({ ...inputs, endpoint: small.endpoint });
      expect(error.message).toMatch(/keys read back are not what was written|hit ratio 0\.\d+ of 6,489/);
    } finally {
      await small.stop();
    }
  });

  it("is stopped by its signal, and says so", async () => {
    const slow = {
      name: "slow",
      datasets: [
        { name: "slow", query: "SELECT 1 AS id FROM pg_sleep(60)", key: "slow:{id}", value: { type: "json" } },
      ],
    };
    const signal = AbortSignal.timeout(500);
    const request = {
      operation: "warm",
      action: "create",
      id: "",
      inputs: { ...inputs, plan: slow },
      olds: {},
    } as const;
    const began = performance.now();
    await expect(warm({ ...request, deadlineMs: 60_000 }, { signal, progress: () => {} })).rejects.toThrow(
      "Warming failed",
    );
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("starts the demo database by itself", async () => {
    const report = reportOf(await ask("update", { ...inputs, source: "demo" }));
    expect(report).toMatchObject({ ok: true, keys: 1820 });
  });
});

describe("operation warm, other topologies", () => {
  const topologies: readonly [string, () => Promise<TestTopology<Endpoint["topology"]>>, number][] = [
    ["sentinel", startSentinel as () => Promise<TestTopology<Endpoint["topology"]>>, 1],
    ["cluster", () => startCluster(0) as Promise<TestTopology<Endpoint["topology"]>>, 3],
  ];

  it.each(topologies)("%s: warms, marks every primary, notices a flushed one", async (_name, start, primaries) => {
    const topology = await start();
    try {
      const inputs = { name: "cache", endpoint: topology.endpoint, plan: "meal-planner", source: "demo", gate };
      const { outputs } = await ask("create", inputs);
      const known = { ...inputs, ...outputs };
      expect(outputs?.report).toMatchObject({ ok: true, keys: 1820, validation: { verdict: "warm" } });
      expect(outputs?.markers).toHaveLength(primaries);
      const nodes = topology.servers.slice(0, primaries);
      const sizes = await Promise.all(nodes.map(({ client }) => client.dbsize()));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1820 + primaries);
      for (const { client } of nodes) expect(await client.keys("hearth:warm:*")).toHaveLength(1);
      expect(await ask("read", known)).toEqual({ id: "warm", outputs: {} });
      await nodes.at(-1)?.client.flushall();
      expect(await ask("read", known)).toEqual({ id: "warm", outputs: { drift: "cache lost its data" } });
    } finally {
      await topology.stop();
    }
  });

  it("does not mind a topology that is gone when it is deleted, and tells of it when it is read", async () => {
    const redis = await startStandalone();
    const inputs = { name: "cache", endpoint: redis.endpoint, plan: "meal-planner", source: "demo", gate };
    const { outputs } = await ask("create", inputs);
    await redis.stop();
    const { outputs: read } = await ask("read", { ...inputs, ...outputs });
    expect(read?.drift).toMatch(/^cache cannot be looked at: Cannot read from Redis/);
    expect(await ask("delete", { ...inputs, ...outputs })).toEqual({});
  });
});
