import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let server: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  server = redis.servers[0] as TestRedis;
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await server.client.flushall();
  await setMemory("0", "noeviction");
});

async function setMemory(limit: string, policy: string): Promise<void> {
  await server.client.config("SET", "maxmemory", limit);
  await server.client.config("SET", "maxmemory-policy", policy);
}

async function used(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await server.client.info("memory"))?.[1]);
}

const rows = (count: number, bytes = 100): string =>
  `SELECT n AS id, repeat(md5(n::text), ${Math.ceil(bytes / 32)}) AS text FROM generate_series(1, ${count}) n`;

function dataset(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name,
    query: rows(1000),
    key: `${name}:{id}`,
    value: { type: "string", column: "text" },
    ttl: 3600,
    ...more,
  };
}

function run(datasets: unknown[], more: Partial<WarmOptions> = {}): Promise<WarmOutcome> {
  const plan = parsePlan({ name: "test", datasets });
  return warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan, deadlineMs: 60_000, ...more });
}

/** What a client of its own measures in the meantime: keys in the database each 100 ms. */
async function sizesWhile(work: Promise<unknown>): Promise<number[]> {
  const sizes: number[] = [];
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  while (!done) {
    sizes.push(await server.client.dbsize());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return sizes;
}

describe("limits", () => {
  it("on keys per second are kept within 10 %, in each second too", async () => {
    const work = run([dataset("a", { query: rows(8000, 20) })], { limits: { keysPerSecond: 4000 } });
    const sizes = await sizesWhile(work);
    const outcome = await work;
    expect(outcome).toMatchObject({ ok: true, keys: 8000 });
    expect(outcome.rate).toBeGreaterThan(3600);
    expect(outcome.rate).toBeLessThan(4400);
    const halfSeconds = sizes.slice(5).map((size, index) => size - (sizes[index] ?? 0));
    expect(Math.max(...halfSeconds)).toBeLessThan(2000 * 1.35); // the clock of this loop is late at times
  });

  it("on bytes per second are kept within 10 %, by two datasets together", async () => {
    const [a, b] = ["a", "b"].map((name) => dataset(name, { query: rows(2000, 1000) }));
    const started = performance.now();
    const outcome = await run([a, b], { limits: { bytesPerSecond: 2_000_000 } });
    const seconds = (performance.now() - started) / 1000;
    expect(outcome).toMatchObject({ ok: true, keys: 4000 });
    const rate = outcome.keys === 0 ? 0 : (outcome.bytes / outcome.keys) * outcome.rate;
    expect(rate).toBeGreaterThan(1_800_000);
    expect(rate).toBeLessThan(2_200_000);
    expect(outcome.bytes / seconds).toBeLessThan(2_200_000);
  });
});

describe("latency", () => {
  it("above the ceiling makes the window small; without a ceiling nobody looks", async () => {
    // A client of its own keeps Redis busy for 20 ms at a time.
    const other = server.client.duplicate();
    let going = true;
    const slow = (async () => {
      while (going) await other.call("DEBUG", "SLEEP", "0.02");
    })();
    const outcome = await run([dataset("a", { query: rows(60_000, 1000) })], {
      onProgress: ({ elapsedMs }) => {
        if (elapsedMs > 2000) going = false;
      },
    });
    const blind = await run([dataset("a", { query: rows(100) })], { latencyCeilingMs: null });
    await slow;
    other.disconnect();
    expect(outcome).toMatchObject({ ok: true, keys: 60_000, latency: { ceilingMs: 5 } });
    expect(outcome.latency?.worstP95Ms).toBeGreaterThan(10);
    expect(outcome.latency?.slowed).toBeGreaterThan(1);
    expect(outcome.latency?.smallestWindow).toBeLessThan(200_000);
    expect(outcome.warnings.join()).toMatch(
      /rows were held back \d+ times: PING took up to [\d.]+ ms .* ceiling is 5 ms/,
    );
    expect(blind.latency).toBeNull();
  });

  it("below the ceiling leaves the window alone", async () => {
    const outcome = await run([dataset("a", { query: rows(300_000) })], { latencyCeilingMs: 10_000 });
    expect(outcome).toMatchObject({ ok: true, latency: { slowed: 0, smallestWindow: 524_288 }, warnings: [] });
  });
});

describe("memory", () => {
  it.each([
    ["strings of 100 bytes", { query: rows(20_000, 100) }],
    ["strings of 1,000 bytes", { query: rows(20_000, 1000) }],
    ["numbers", { query: "SELECT n AS id, n AS text FROM generate_series(1, 20000) n" }],
    ["hashes as listpacks", { query: rows(20_000, 60), value: { type: "hash" } }],
    ["hashes with long values", { query: rows(20_000, 500), value: { type: "hash" } }],
    [
      "sets",
      {
        query: "SELECT n / 10 AS id, md5(n::text) AS text FROM generate_series(1, 50000) n",
        value: { type: "set", member: "text" },
      },
    ],
  ])("of a plan is told right within 15 %%: %s", async (_, more) => {
    const before = await used();
    await run([dataset("a", more)], { headroom: null });
    const taken = (await used()) - before;
    await server.client.flushall();
    await setMemory(String((await used()) + 400_000), "noeviction");
    const { error } = await run([dataset("a", more)]);
    const [, figure, unit] = /needs about ([\d.]+) (kB|MB) more/.exec(error ?? "") ?? [];
    const told = Number(figure) * (unit === "MB" ? 1e6 : 1e3);
    expect(told / taken).toBeGreaterThan(0.85);
    expect(told / taken).toBeLessThan(1.15);
  });

  it("that is too small without eviction: refused before the first write, with figures and the fix", async () => {
    await setMemory("8mb", "noeviction");
    const outcome = await run([dataset("big", { query: rows(30_000, 1000) }), dataset("small", { priority: "LOW" })]);
    expect(outcome).toMatchObject({ ok: false, keys: 0 });
    expect(outcome.error).toMatch(
      /^The plan does not fit into Redis's memory: it needs about 4\d\.\d MB more \(big 4\d\.\d MB \(30,000 keys of about 1\.\d kB\), small \d+ kB .*\); maxmemory 8\.4 MB, [\d.]+ MB used, [\d.]+ MB left with 10 % headroom\. Raise maxmemory to \d\d\.\d MB, lower the datasets' limits, choose an eviction policy/,
    );
    expect(await server.client.dbsize()).toBe(0);
  });

  it("that is too small with eviction: lower priorities are left out, and named", async () => {
    await setMemory("12mb", "allkeys-lru");
    const outcome = await run([
      dataset("last", { priority: "LOW", query: rows(5000) }),
      dataset("big", { priority: "MEDIUM", query: rows(30_000, 1000) }),
      dataset("first", { priority: "CRITICAL", query: rows(5000) }),
    ]);
    expect(outcome).toMatchObject({ ok: true, keys: 5000, evictedKeys: 0 });
    expect(outcome.datasets.map(({ status }) => status)).toEqual(["skipped", "skipped", "done"]);
    expect(outcome.warnings.join("\n")).toMatch(/dataset "big" was left out: it needs 4\d\.\d MB \(30,000 keys/);
  });

  it("a plan that is there already needs no room", async () => {
    await run([dataset("a", { query: rows(20_000, 1000) })]);
    await setMemory(String(Math.ceil((await used()) * 1.2)), "noeviction");
    expect(await run([dataset("a", { query: rows(20_000, 1000) })])).toMatchObject({ ok: true, keys: 20_000 });
  });

  it("evictions while writing stop lower priorities first, and are reported", async () => {
    // The sample sees small rows only: the estimate is far too low.
    const growing = (name: string) =>
      `SELECT n AS id, repeat('${name}', CASE WHEN n <= 200 THEN 1 ELSE 2000 END) AS text FROM generate_series(1, 40000) n`;
    await setMemory("16mb", "allkeys-lru");
    const outcome = await run(
      [
        dataset("critical", { priority: "CRITICAL" }),
        dataset("wrong", { priority: "MEDIUM", query: growing("m") }),
        dataset("later", { priority: "LOW" }),
      ],
      { limits: { bytesPerSecond: 20_000_000 }, headroom: 0 },
    );
    expect(outcome.ok).toBe(true);
    expect(outcome.datasets.map(({ status }) => status)).toEqual(["done", "skipped", "skipped"]);
    expect(outcome.datasets[1]?.error).toMatch(
      /^dataset "wrong": stopped: Redis evicted [\d,]+ keys while the warmer wrote; raise maxmemory, or lower the limits; \d+ of about 40000 rows read, \d+ keys written$/,
    );
    expect(outcome.datasets[1]?.rows).toBeLessThan(40_000);
    expect(outcome.evictedKeys).toBeGreaterThan(0);
    expect(outcome.warnings.join("\n")).toMatch(
      /Redis evicted .*: 1 of 3 datasets stopped: later \(LOW\)\n.*wrong \(MEDIUM\)/,
    );
  });

  it("headroom is kept while writing, although the estimate was too low", async () => {
    const query = `SELECT n AS id, repeat('x', CASE WHEN n <= 200 THEN 1 ELSE 2000 END) AS text FROM generate_series(1, 40000) n`;
    await setMemory("40mb", "noeviction");
    const limits = { bytesPerSecond: 20_000_000 };
    const outcome = await run([dataset("a", { query })], { limits, headroom: 0.5 });
    expect(outcome.ok).toBe(false);
    expect(outcome.error).toMatch(
      /dataset "a": stopped: Redis uses 2\d\.\d MB of maxmemory 41\.9 MB, and 50 % are to stay free/,
    );
    expect(await used()).toBeLessThan(32e6);
  });

  it("a value of 20 MiB is written, also within a limit", async () => {
    const query = "SELECT 1 AS id, repeat('0123456789abcdef', 1310720) AS text";
    const outcome = await run([dataset("string", { query }), dataset("hash", { query, value: { type: "hash" } })], {
      limits: { bytesPerSecond: 40_000_000 },
    });
    expect(outcome).toMatchObject({ ok: true, keys: 2 });
    expect(outcome.durationMs).toBeGreaterThan(900);
    expect(await server.client.strlen("string:1")).toBe(20 * 1024 * 1024);
    expect(await server.client.hstrlen("hash:1", "text")).toBe(20 * 1024 * 1024);
    expect(await server.client.ttl("hash:1")).toBeGreaterThan(3000);
  });
});

it("a dataset that takes too long fails, and the others go on", async () => {
  const outcome = await run(
    [dataset("slow", { query: "SELECT 1 AS id, pg_sleep(30)::text AS text" }), dataset("next", { priority: "LOW" })],
    { datasetDeadlineMs: 300 },
  );
  expect(outcome.error).toMatch(
    /^dataset "slow": the deadline of 0\.3 s for each dataset has passed; 0 of about 1 rows read, 0 keys/,
  );
  expect(outcome.datasets.map(({ status }) => status)).toEqual(["failed", "done"]);
  expect(outcome.durationMs).toBeLessThan(10_000);
});
