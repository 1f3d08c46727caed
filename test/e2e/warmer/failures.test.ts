import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import type { WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startRedis, startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let server: TestRedis;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone(["appendonly no"])]);
  server = redis.servers[0] as TestRedis;
  client = server.client;
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
  await client.config("SET", "maxmemory", "0");
});

const numbers = (count: number): string => `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${count}) n`;

function dataset(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: "numbers", query: numbers(100), key: "n:{id}", value: { type: "json" }, ...more };
}

function run(datasets: unknown[], more: Partial<WarmOptions> = {}, parameters = {}): Promise<WarmOutcome> {
  const plan = parsePlan({ name: "test", parameters, datasets });
  return warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan, deadlineMs: 60_000, ...more });
}

describe("PostgreSQL", () => {
  it("is told every wrong query before the first key is written", async () => {
    const outcome = await run([
      dataset(),
      dataset({ name: "column", query: "SELECT idd FROM (SELECT 1 AS id) t" }),
      dataset({ name: "key", key: "n:{idd}" }),
      dataset({ name: "field", value: { type: "hash", fields: { a: "txet" } } }),
      dataset({ name: "write", query: "WITH x AS (INSERT INTO nowhere VALUES (1) RETURNING 1) SELECT * FROM x" }),
    ]);
    expect(outcome).toMatchObject({ ok: false, keys: 0 });
    expect(outcome.error).toContain('dataset "column": column "idd" does not exist (42703) near "idd FROM');
    expect(outcome.error).toContain(
      'dataset "key": key: there is no column "idd" (did you mean "id"?); the query returns "id", "text"',
    );
    expect(outcome.error).toContain('dataset "field": value.fields.a: there is no column "txet"');
    expect(outcome.error).toContain('dataset "write":');
    expect(outcome.datasets.map(({ status }) => status)).toEqual(["skipped", "failed", "failed", "failed", "failed"]);
    expect(await client.dbsize()).toBe(0);
  });

  it("cannot be written to, whatever the query calls", async () => {
    await postgres.sql(
      "CREATE TABLE IF NOT EXISTS t (a int); CREATE OR REPLACE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING a'",
    );
    const outcome = await run([dataset({ query: "SELECT sneak() AS id FROM generate_series(1, 3)" })]);
    expect(outcome.error).toContain("cannot execute INSERT in a read-only transaction");
  });

  it("fails one dataset in the middle, and the others go on", async () => {
    const outcome = await run([
      dataset({
        name: "broken",
        query: `SELECT 10 / (5001 - n) AS id FROM generate_series(1, 10000) n`,
        key: "b:{id}",
      }),
      dataset({ priority: "LOW" }),
    ]);
    expect(outcome.ok).toBe(false);
    expect(outcome.error).toMatch(
      /^dataset "broken": PostgreSQL ended the query: division by zero \(22012\)\. Query: SELECT 10/,
    );
    expect(outcome.datasets[0]).toMatchObject({ status: "failed", rows: 5000, keys: 5000 });
    expect(outcome.datasets[1]).toMatchObject({ status: "done", keys: 100 });
  });

  it("stops a query that takes too long", async () => {
    const outcome = await run([dataset({ query: "SELECT 1 AS id, pg_sleep(30)::text AS x" })], {
      statementTimeoutMs: 500,
    });
    expect(outcome.error).toContain("canceling statement due to statement timeout (57014)");
    expect(outcome.durationMs).toBeLessThan(10_000);
  });

  it("is gone half way: the counts stay, the error says so", async () => {
    const own = await startPostgres();
    let killed = false;
    const outcome = await run([dataset({ query: numbers(2_000_000) })], {
      postgresUrl: own.url,
      onProgress: ({ datasets }) => {
        if (killed || (datasets[0]?.keys ?? 0) === 0) return;
        killed = true;
        process.kill(own.pid, "SIGQUIT");
      },
    });
    await own.stop();
    expect(outcome).toMatchObject({ ok: false });
    expect(outcome.keys).toBeGreaterThan(0);
    expect(outcome.keys).toBe(await client.dbsize());
    expect(outcome.error).toMatch(/dataset "numbers": PostgreSQL ended the query: .*\d+ keys had been acknowledged\)$/);
  });

  it("cannot be reached: host and port, never the password", async () => {
    for (const url of ["postgres://u:geheim@127.0.0.1:1/db", "postgres://u:geheim@[broken/db"]) {
      const outcome = await run([dataset()], { postgresUrl: url });
      expect(outcome.ok).toBe(false);
      expect(outcome.error).toMatch(
        /Cannot connect to PostgreSQL 127\.0\.0\.1:1\/db: .*ECONNREFUSED|URL cannot be understood/,
      );
      expect(JSON.stringify(outcome)).not.toContain("geheim");
    }
  });
});

describe("Redis", () => {
  it("is full: the dataset and the cause are named, the counts are right", async () => {
    await client.config("SET", "maxmemory", "6mb");
    const outcome = await run(
      [dataset({ query: numbers(500_000) }), dataset({ name: "later", priority: "LOW", key: "l:{id}" })],
      { headroom: null }, // with headroom the plan would be refused at once
    );
    expect(outcome.ok).toBe(false);
    expect(outcome.error).toMatch(
      /^dataset "numbers": Redis 127\.0\.0\.1:\d+ refused to write: OOM .*maxmemory.* keys had been acknowledged\)$/,
    );
    expect(outcome.datasets[1]).toMatchObject({ status: "skipped", keys: 0 });
    expect(outcome.keys).toBeGreaterThan(1000);
    // Only acknowledged keys count; of those in flight when the run ended, some may have been written.
    const beyond = (await client.dbsize()) - outcome.keys;
    expect(beyond).toBeGreaterThanOrEqual(0);
    expect(beyond).toBeLessThan(10_000);
  });

  it("is restarted half way: no row is left out", async () => {
    const own = await startRedis(["appendonly yes", "appendfsync always"]);
    let killed = false;
    const outcome = await run([dataset({ query: numbers(200_000), value: { type: "hash" } })], {
      endpoint: { topology: "standalone", nodes: [{ host: "127.0.0.1", port: own.port }], database: 0 },
      onProgress: ({ datasets }) => {
        if (killed || (datasets[0]?.keys ?? 0) < 1000) return;
        killed = true;
        void own.kill().then(() => own.restart());
      },
    });
    expect(killed).toBe(true);
    expect(outcome).toMatchObject({ ok: true, keys: 200_000, failed: 0 });
    expect(await own.client.dbsize()).toBe(200_000);
    await own.stop();
  });

  it("is gone for good: the run ends when patience does", async () => {
    const own = await startRedis();
    let killed = false;
    const outcome = await run([dataset({ query: numbers(2_000_000) })], {
      endpoint: { topology: "standalone", nodes: [{ host: "127.0.0.1", port: own.port }], database: 0 },
      patienceMs: 1000,
      onProgress: ({ datasets }) => {
        if (killed || (datasets[0]?.keys ?? 0) < 1000) return;
        killed = true;
        void own.kill();
      },
    });
    expect(outcome.error).toMatch(/no answer from Redis for 1 s\. .*ECONNREFUSED.*keys had been acknowledged/s);
    expect(outcome.keys).toBeGreaterThan(999);
    await own.stop();
  });

  it.each([
    ["no password", {}, "NOAUTH Authentication required"],
    ["a wrong password", { password: "wrong-secret" }, "WRONGPASS"],
  ])("refuses %s", async (_, credentials, message) => {
    const own = await startRedis([], { password: "right-secret" });
    const endpoint = {
      topology: "standalone" as const,
      nodes: [{ host: "127.0.0.1", port: own.port }],
      database: 0,
      ...credentials,
    };
    const outcome = await run([dataset()], { endpoint });
    expect(outcome).toMatchObject({ ok: false, keys: 0 });
    expect(outcome.error).toContain(message);
    expect(outcome.error).not.toContain("secret");
    await own.stop();
  });

  it("is a replica", async () => {
    const replica = await startRedis([`replicaof 127.0.0.1 ${server.port}`]);
    const endpoint = {
      topology: "standalone" as const,
      nodes: [{ host: "127.0.0.1", port: replica.port }],
      database: 0,
    };
    const outcome = await run([dataset()], { endpoint });
    expect(outcome.error).toMatch(/dataset "numbers": .* READONLY .*replica: give the primary's address/);
    await replica.stop();
  });

  it("allows only some commands and keys: HSET is used, each refused key is counted", async () => {
    await client.call("ACL", "SETUSER", "warmer", "on", ">pw", "~n:*", "+set", "+hset", "+del", "+pexpire", "+select");
    const endpoint = { ...redis.endpoint, username: "warmer", password: "pw" };
    const outcome = await run(
      [dataset({ value: { type: "hash" }, ttl: 60 }), dataset({ name: "others", key: "o:{id}" })],
      { endpoint },
    );
    expect(outcome).toMatchObject({ ok: false, keys: 100, failed: 100, engine: "hset" });
    expect(outcome.warnings.join()).toContain("RESTORE was not possible: NOPERM");
    expect(outcome.warnings.join()).toMatch(/^memory .*,keys are given a life from now on, .*: NOPERM .*time/);
    expect(await client.pttl("n:1")).toBeGreaterThan(50_000);
    expect(outcome.datasets[1]).toMatchObject({ status: "failed", failures: { NOPERM: 100 } });
    expect(outcome.datasets[1]?.examples).toHaveLength(10);
    expect(outcome.datasets[1]?.examples[0]).toMatchObject({ key: "o:1" });
  });

  it("holds keys of another type, and older hashes with more fields", async () => {
    await client.set("n:1", "text");
    await client.hset("n:2", { old: "1" });
    expect(await run([dataset({ value: { type: "hash" } })], { engine: "hset" })).toMatchObject({
      ok: true,
      keys: 100,
    });
    expect(await client.hkeys("n:2")).toEqual(["id", "text"]);
  });
});

describe("rows", () => {
  it("that cannot be written are counted and explained", async () => {
    const query = `SELECT * FROM (VALUES (1, 'a', 60), (NULL, 'b', 60), (3, NULL, 60), (4, 'd', 0), (5, 'e', -5), (6, 'f', NULL),
      (7, 'g', 60), (7, 'h', 60)) v(id, text, expires)`;
    const outcome = await run([
      { name: "rows", query, key: "r:{id}", value: { type: "string", column: "text" }, ttl: { column: "expires" } },
    ]);
    expect(outcome).toMatchObject({ ok: true, rows: 8, keys: 3, failed: 3 });
    expect(outcome.datasets[0]).toMatchObject({ skipped: 2, failures: { NULL_KEY: 1, NULL_VALUE: 1, NULL_TTL: 1 } });
    expect(outcome.datasets[0]?.warnings).toEqual([
      '1 row failed with NULL_KEY: a column of the key is NULL (key "")',
      '1 row failed with NULL_VALUE: the value is NULL (key "r:3")',
      '1 row failed with NULL_TTL: the TTL is NULL (key "r:6")',
      "2 rows left out: the TTL was 0 or less",
      "1 row had a key that another row has as well; the last one was kept",
    ]);
    expect(await client.get("r:7")).toBe("h");
  });

  it("are none: a warning, not an error", async () => {
    const outcome = await run([dataset({ query: "SELECT 1 AS id WHERE false" })]);
    expect(outcome).toMatchObject({ ok: true, keys: 0 });
    expect(outcome.datasets[0]?.warnings).toEqual(["the query returned no rows"]);
  });

  it("of every byte value and of 20 MiB arrive whole", async () => {
    const query = `SELECT decode(lpad(to_hex(a), 2, '0') || lpad(to_hex(b), 2, '0'), 'hex') AS id,
      decode(lpad(to_hex(b), 2, '0') || lpad(to_hex(a), 2, '0'), 'hex') AS value FROM generate_series(0, 255) a, generate_series(0, 39) b
      UNION ALL SELECT 'big'::bytea, convert_to(repeat('0123456789"\\x', 1700000), 'UTF8')`;
    const outcome = await run([
      { name: "bytes", query, key: "{id}", value: { type: "string", column: "value" } },
      {
        name: "json",
        query: "SELECT 1 AS id, repeat(E'\\n\"ab', 5000000) AS text",
        key: "json:{id}",
        value: { type: "json" },
      },
    ]);
    expect(outcome).toMatchObject({ ok: true, keys: 256 * 40 + 2, failed: 0 });
    expect(await client.strlen("big")).toBe(1_700_000 * 13);
    for (const [a, b] of [
      [0, 0],
      [13, 10],
      [36, 42 - 10],
      [255, 39],
    ] as const) {
      expect(await client.getBuffer(Buffer.from([a, b]))).toEqual(Buffer.from([b, a]));
    }
    expect(JSON.parse((await client.get("json:1")) ?? "").text).toHaveLength(20_000_000);
  });

  it("take parameters as values, never as SQL", async () => {
    const evil = `x'; DROP TABLE things; -- \\ " $1 :evil`;
    const outcome = await run(
      [dataset({ query: "SELECT :evil AS id, :number AS number, :yes AS yes, ':evil' AS literal;", key: "p" })],
      {},
      { evil, number: -1.5, yes: true },
    );
    expect(outcome).toMatchObject({ ok: true, keys: 1 });
    expect(JSON.parse((await client.get("p")) ?? "")).toEqual({ id: evil, number: -1.5, yes: true, literal: ":evil" });
  });

  it("go through filters, TTL expressions and limits in SQL", async () => {
    const query =
      "SELECT 3 AS id, '  Olive Oil ' AS name, 250 AS views, 4.5 AS rating UNION ALL SELECT 4, 'ä/b c', 0, 0 ORDER BY id";
    const ttl = { expression: "3600 * least(24, greatest(1, views / 100.0 + rating * 2))" };
    const outcome = await run([
      dataset({
        query,
        key: "a:{name|snake}:{name|trim|upper}:{name|urlencode}",
        value: { type: "json" },
        ttl,
        jitter: 0,
        limit: 2,
      }),
      dataset({ name: "one", query, key: "one:{id}", limit: 1 }),
    ]);
    expect(outcome).toMatchObject({ ok: true, keys: 3 });
    expect(await client.ttl("a:olive_oil:OLIVE OIL:%20%20Olive%20Oil%20")).toBeGreaterThan(3600 * 11.5 - 60);
    expect(await client.ttl("a:olive_oil:OLIVE OIL:%20%20Olive%20Oil%20")).toBeLessThanOrEqual(3600 * 11.5);
    expect((await client.keys("a:ä*"))[0]).toMatch(/:%C3%A4%2Fb%20c$/);
    expect(await client.keys("one:*")).toEqual(["one:3"]);
  });

  it("are shared out by shards, each key once", async () => {
    const keys: number[] = [];
    for (let index = 0; index < 4; index++) {
      const outcome = await run([dataset({ query: `${numbers(1000)} ORDER BY n`, limit: 900 })], {
        shard: { index, count: 4 },
      });
      expect(outcome.ok).toBe(true);
      keys.push(outcome.keys);
    }
    expect(keys.reduce((sum, count) => sum + count, 0)).toBe(900);
    expect(Math.min(...keys)).toBeGreaterThan(150);
    expect(await client.dbsize()).toBe(900);
  });
});

describe("the run", () => {
  it("ends at its deadline and says what was missing", async () => {
    const outcome = await run(
      [
        dataset(),
        dataset({
          name: "slow",
          priority: "LOW",
          query: "SELECT n AS id, pg_sleep(0.01)::text AS x FROM generate_series(1, 100000) n",
        }),
        dataset({ name: "never", priority: "LOW" }),
        dataset({ name: "more", priority: "LOW" }),
      ],
      { deadlineMs: 1500, parallel: 1 },
    );
    expect(outcome).toMatchObject({ ok: false });
    expect(outcome.error).toMatch(
      /^The deadline of 1.5 s has passed\. Still missing: "slow" \(\d+ of about 100000 rows read, \d+ keys acknowledged\), "never" \(not started\)/,
    );
    expect(outcome.datasets.map(({ status }) => status)).toEqual(["done", "failed", "skipped", "skipped"]);
    expect(outcome.keys).toBeGreaterThanOrEqual(100);
    expect(outcome.durationMs).toBeLessThan(5000);
    await until("PostgreSQL has ended the query", async () => {
      const left = await postgres.sql(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'hearth' AND state = 'active'",
      );
      return left.rows[0].n === 0;
    });
  });

  it("ends when it is told to, with its counts", async () => {
    const stop = new AbortController();
    const outcome = await run([dataset({ query: numbers(5_000_000) })], {
      signal: stop.signal,
      onProgress: ({ datasets }) => {
        if ((datasets[0]?.keys ?? 0) > 0) stop.abort(new Error("SIGTERM received"));
      },
    });
    expect(outcome.error).toContain("SIGTERM received");
    expect(outcome.keys).toBeGreaterThan(0);
  });

  it("goes by priority", async () => {
    const order: string[] = [];
    const names = ["LOW", "CRITICAL", "MEDIUM", "HIGH"];
    const outcome = await run(
      names.map((priority) => dataset({ name: priority.toLowerCase(), priority, key: `${priority}:{id}` })),
      {
        onProgress: ({ datasets }) => {
          for (const { priority, status } of datasets)
            if (status === "running" && !order.includes(priority)) order.push(priority);
        },
      },
    );
    expect(outcome.ok).toBe(true);
    expect(order).toEqual(["CRITICAL", "HIGH", "MEDIUM", "LOW"]);
  });

  it("refuses options out of range, all at once", async () => {
    await expect(run([dataset()], { parallel: 0, sampleSize: -1, shard: { index: 4, count: 4 } })).rejects.toThrow(
      "warm: parallel: got 0; allowed is a whole number from 1 to 16; sampleSize: got -1; allowed is a whole number from 0 to 100000; shard.index: got 4; allowed is a whole number from 0 to 3",
    );
  });
});
