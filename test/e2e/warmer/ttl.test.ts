import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = redis.servers[0]?.client as Redis;
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

const ROWS = 2000;

function run(dataset: Record<string, unknown>, more: Partial<WarmOptions> = {}): Promise<WarmOutcome> {
  const query = `SELECT n AS id, md5(n::text) AS text, 1000 AS seconds, 10 AS tens FROM generate_series(1, ${ROWS}) n`;
  const plan = parsePlan({ name: "test", datasets: [{ name: "ttl", query, key: "k:{id}", ...dataset }] });
  return warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan, deadlineMs: 60_000, ...more });
}

/** Seconds that every key has left, in order. */
async function lives(): Promise<number[]> {
  const left = await Promise.all(Array.from({ length: ROWS }, (_, index) => client.pttl(`k:${index + 1}`)));
  return left.map((milliseconds) => milliseconds / 1000).sort((a, b) => a - b);
}

const SHAPES = [
  ["json", { type: "json" }, "hset"],
  ["string", { type: "string", column: "text" }, "hset"],
  ["hash by hset", { type: "hash" }, "hset"],
  ["hash by restore", { type: "hash" }, "restore"],
  ["set", { type: "set", member: "text" }, "hset"],
  ["zset", { type: "zset", member: "text", score: "id" }, "hset"],
] as const;

describe.each(SHAPES)("%s", (_, value, engine) => {
  it.each([
    ["a constant", 1000],
    ["a column", { column: "seconds" }],
    ["an expression", { expression: "tens * 100.0" }],
  ])("lives for %s, a tenth more or less by default: keys do not expire together", async (_name, ttl) => {
    expect(await run({ value, ttl }, { engine })).toMatchObject({ ok: true, keys: ROWS });
    const left = await lives();
    expect(left[0]).toBeGreaterThan(900 - 20); // the run itself takes a while
    expect(left.at(-1)).toBeLessThanOrEqual(1100);
    const share = (from: number, to: number) => left.filter((each) => each >= from && each < to).length / ROWS;
    for (const from of [900, 950, 1000, 1050]) expect(share(from - 5, from + 45)).toBeGreaterThan(0.15);
  });

  it("exactly as long without jitter; a key that lived for a time lives on where the plan has none", async () => {
    await run({ value, ttl: 1000, jitter: 0 }, { engine });
    const left = await lives();
    expect((left.at(-1) ?? 0) - (left[0] ?? 0)).toBeLessThan(20);
    expect(left.at(-1)).toBeLessThanOrEqual(1000);
    expect(await run({ value }, { engine })).toMatchObject({ ok: true, keys: ROWS });
    expect(new Set(await lives())).toEqual(new Set([-0.001]));
  });
});
