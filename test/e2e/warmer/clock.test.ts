import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { gateSchema } from "../../../contract/warming.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { runWarming } from "../../../warmer/run-warming.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { clockAheadBy, whyNoWrongClock } from "../../support/clock.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestRedis | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterEach(async () => {
  await redis?.stop();
  redis = undefined;
});

afterAll(async () => {
  await postgres?.stop();
});

const ROWS = 20_000;
const SHAPES = [
  ["json", { type: "json" }, "hset"],
  ["hash by hset", { type: "hash" }, "hset"],
  ["hash by restore", { type: "hash" }, "restore"],
  ["set", { type: "set", member: "text" }, "hset"],
] as const;

function planOf(value: object, ttl: number) {
  const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${ROWS}) n`;
  return parsePlan({ name: "test", datasets: [{ name: "ttl", query, key: "k:{id}", value, ttl, jitter: 0 }] });
}

function endpointOf({ port }: TestRedis): Endpoint {
  return { topology: "standalone", nodes: [{ host: "127.0.0.1", port }], database: 0 };
}

async function callsOf({ client }: TestRedis, command: string): Promise<number> {
  const stats = await client.info("commandstats");
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
}

const whyNot = whyNoWrongClock();
const reason = whyNot === undefined ? "" : ` (skipped: ${whyNot})`;

describe.skipIf(whyNot !== undefined).each([
  ["an hour ahead", 3600],
  ["an hour behind", -3600],
])(`a Redis whose clock is %s${reason}`, (_, seconds) => {
  it.each(SHAPES)("%s lives as long as the plan says, and validation finds it so", async (_name, value, engine) => {
    redis = await startRedis([], { env: clockAheadBy(seconds) });
    const theirs = Number(((await redis.client.time()) as unknown as string[])[0]);
    expect(Math.abs(theirs - Date.now() / 1000 - seconds)).toBeLessThan(10);
    const report = await runWarming({
      ...{ endpoint: endpointOf(redis), plan: planOf(value, 1000), source: { url: postgres.url } },
      ...{ gate: gateSchema.parse({}), engine, onBusy: "fail", resume: false },
    });
    expect(report).toMatchObject({ ok: true, keys: ROWS, validation: { verdict: "warm" } });
    expect(report.warnings ?? []).toEqual([]);
    for (const key of ["k:1", `k:${ROWS / 2}`, `k:${ROWS}`]) {
      const left = await redis.client.pttl(key);
      expect(left).toBeLessThanOrEqual(1000_000);
      expect(left).toBeGreaterThan(950_000);
    }
    // By the time at which they expire.
    if (value.type !== "json" && engine === "hset") expect(await callsOf(redis, "pexpireat")).toBeGreaterThan(ROWS);
    // The lock alone is renewed for a time from now on.
    expect(await callsOf(redis, "pexpire")).toBeLessThan(20);
  });
});

describe("a Redis that is held up for longer than keys live", () => {
  it.each(SHAPES)(
    "%s: those that had expired before they were written are no success",
    async (_name, value, engine) => {
      redis = await startRedis();
      const { client } = redis;
      let paused: Promise<unknown> | undefined;
      const options: WarmOptions = {
        ...{ endpoint: endpointOf(redis), plan: planOf(value, 2), postgresUrl: postgres.url, deadlineMs: 60_000 },
        ...{ engine, limits: { keysPerSecond: 10_000 } },
        onProgress: ({ datasets }) => {
          if ((datasets[0]?.keys ?? 0) >= 1000) paused ??= client.call("CLIENT", "PAUSE", "4000", "WRITE");
        },
      };
      const outcome: WarmOutcome = await warm(options);
      await paused;
      const { keys, failed, failures } = outcome.datasets[0] ?? {};
      expect(failures).toEqual({ EXPIRED: failed });
      expect(failed).toBeGreaterThan(0);
      expect((keys ?? 0) + (failed ?? 0)).toBe(ROWS);
      expect(outcome.datasets[0]?.warnings.join()).toContain("failed with EXPIRED: EXPIRED the TTL had passed");
    },
  );
});
