import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import type { WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../../support/proxy.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;
const proxies: TestProxy[] = [];

/** A proxy that ends with the tests. */
async function behind(port: number, options: ProxyOptions): Promise<TestProxy> {
  const proxy = await startProxy(port, options);
  proxies.push(proxy);
  return proxy;
}

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = redis.servers[0]?.client as Redis;
  // The user may write keys that end in 0 to 4: of every ten replies five are errors, in an order of their own.
  await client.call("ACL", "SETUSER", "half", "on", ">half-secret", "+@all", "~?:*[0-4]", "~hearth:*");
});

afterAll(async () => {
  for (const proxy of proxies) proxy.stop();
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

const ROWS = 2000;
const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${ROWS}) n`;
const both = [
  { name: "strings", query, key: "s:{id}", value: { type: "string", column: "text" }, ttl: 600 },
  { name: "hashes", query, key: "h:{id}", value: { type: "hash" }, ttl: 600 },
];

function run(
  postgresUrl: string,
  change: Partial<Endpoint> = {},
  engine: "hset" | "restore" = "hset",
  deadlineMs = 60_000,
): Promise<WarmOutcome> {
  const endpoint = { ...redis.endpoint, ...change } as Endpoint;
  const plan = parsePlan({ name: "test", datasets: both });
  return warm({ endpoint, postgresUrl, plan, engine, latencyCeilingMs: null, deadlineMs });
}

/** Every key that may be written is there, whole; no other is; the counts and the examples say so. */
async function expectHalf(outcome: WarmOutcome): Promise<void> {
  expect(outcome).toMatchObject({ rows: 2 * ROWS, keys: ROWS, failed: ROWS });
  for (const { name, keys, failures, examples } of outcome.datasets) {
    expect([name, keys, failures]).toEqual([name, ROWS / 2, { NOPERM: ROWS / 2 }]);
    expect(examples).toHaveLength(10);
    for (const { key } of examples) expect(key).toMatch(new RegExp(`^${name[0]}:\\d*[5-9]$`));
  }
  for (const prefix of ["s", "h"]) {
    const found = (await client.keys(`${prefix}:*`)).map((key) => Number(key.slice(2))).sort((a, b) => a - b);
    expect(found).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1).filter((id) => id % 10 < 5));
  }
  const ttls = await Promise.all((await client.keys("*")).map((key) => client.ttl(key)));
  expect(Math.min(...ttls)).toBeGreaterThan(500);
}

describe("each error goes to its own key and dataset", () => {
  const user = { username: "half", password: "half-secret" };

  it.each(["hset", "restore"] as const)("with hashes by %s", async (engine) => {
    await client.set("x:0", ""); // not empty: HSET has DEL before it, and each of the three commands is refused
    const outcome = await run(postgres.url, user, engine);
    await client.del("x:0");
    await expectHalf(outcome);
  });

  it("also when replies come in pieces", async () => {
    const proxy = await behind(redis.servers[0]?.port as number, { largestPiece: 7 });
    const nodes = [{ host: "127.0.0.1", port: proxy.port }];
    await client.set("x:0", "");
    const outcome = await run(postgres.url, { ...user, nodes } as Partial<Endpoint>);
    await client.del("x:0");
    await expectHalf(outcome);
  });
});

it.each([3, 50, 5000])("rows come whole out of pieces of up to %i bytes", async (largest) => {
  const proxy = await behind(postgres.port, { largestPiece: largest });
  const outcome = await run(postgres.url.replace(`:${postgres.port}/`, `:${proxy.port}/`));
  expect(outcome).toMatchObject({ ok: true, rows: 2 * ROWS, keys: 2 * ROWS, failed: 0 });
  const expected = (await postgres.sql(query)).rows as { id: number; text: string }[];
  const strings = await client.mget(expected.map(({ id }) => `s:${id}`));
  expect(strings).toEqual(expected.map(({ text }) => text));
  const hashes = await Promise.all(expected.map(({ id }) => client.hgetall(`h:${id}`)));
  expect(hashes).toEqual(expected.map(({ id, text }) => ({ id: String(id), text })));
});

describe("a server that goes silent without a word ends the run at its deadline", () => {
  it.each([
    ["while connecting", 100],
    ["while the queries are described", 1500],
    ["in the middle of the rows", 20_000],
  ])("PostgreSQL, %s", async (_, silentAfter) => {
    const proxy = await behind(postgres.port, { silentAfter });
    const started = performance.now();
    const outcome = await run(postgres.url.replace(`:${postgres.port}/`, `:${proxy.port}/`), {}, "hset", 2000);
    expect(performance.now() - started).toBeLessThan(6000);
    expect(proxy.silent).toBeGreaterThan(0);
    expect(outcome.error).toMatch(/^The deadline of 2 s has passed\. Still missing: /);
  });

  it("PostgreSQL, wherever it is between two datasets", async () => {
    // Some 2 kB go by for two datasets of ten rows: a beginning, the rows, and an end for each.
    const few = [1, 2].map((n) => ({
      name: `d${n}`,
      query: "SELECT n AS id FROM generate_series(1, 10) n",
      key: `d${n}:{id}`,
      value: { type: "json" },
    }));
    const plan = parsePlan({ name: "test", datasets: few });
    const places = Array.from({ length: 16 }, (_, index) => 1500 + 40 * index);
    const outcomes = await Promise.all(
      places.map(async (silentAfter) => {
        const proxy = await behind(postgres.port, { silentAfter });
        const postgresUrl = postgres.url.replace(`:${postgres.port}/`, `:${proxy.port}/`);
        const started = performance.now();
        const { ok, error } = await warm({
          endpoint: redis.endpoint,
          postgresUrl,
          plan,
          parallel: 1,
          deadlineMs: 3000,
        });
        return { ok, error, silent: proxy.silent, ms: performance.now() - started };
      }),
    );
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(8000);
    for (const { ok, error, silent } of outcomes) {
      // Silent after the last row: nothing is missing.
      if (!ok) expect(error).toMatch(/^The deadline of 3 s has passed/);
      if (silent === 0) expect(ok).toBe(true);
    }
    expect(outcomes.filter(({ silent }) => silent > 0).length).toBeGreaterThan(4);
  });

  it.each([
    ["while connecting", 5, /"strings" \(not started\)/],
    ["in the middle of the rows", 8000, /"strings" \(2000 of about 2000 rows read, \d+ keys/],
  ])("Redis, %s", async (_, silentAfter, missing) => {
    const proxy = await behind(redis.servers[0]?.port as number, { silentAfter });
    const nodes = [{ host: "127.0.0.1", port: proxy.port }];
    const started = performance.now();
    const outcome = await run(postgres.url, { nodes } as Partial<Endpoint>, "hset", 2000);
    expect(performance.now() - started).toBeLessThan(6000);
    expect(proxy.silent).toBeGreaterThan(0);
    expect(outcome.error).toMatch(/^The deadline of 2 s has passed\. Still missing: /);
    expect(outcome.error).toMatch(missing);
  });
});
