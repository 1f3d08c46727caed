import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import { redisCheckpointStore } from "../../../warmer/resume/redis-store.ts";
import type { Progress, WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";

// 20 MB: more than the buffers between PostgreSQL and the warmer hold.
const rows = 40_000;
let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = (redis.servers[0] as TestRedis).client;
  await postgres.sql(
    `CREATE TABLE items AS SELECT n AS id, CASE WHEN n % 2 = 0 THEN 'even' END AS half, repeat('x', 500) AS more, n % 100 AS team
      FROM generate_series(1, ${rows}) n`,
  );
  await postgres.sql("ALTER TABLE items ADD PRIMARY KEY (id)");
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

const items = {
  name: "items",
  query: "SELECT id, half, more FROM items",
  key: "item:{id}",
  value: { type: "hash" },
  ttl: 3600,
};
const other = { name: "other", priority: "LOW", query: "SELECT 1 AS id", key: "other:{id}", value: { type: "json" } };

function run(datasets: unknown[], more: Partial<WarmOptions> = {}): Promise<WarmOutcome> {
  const plan = parsePlan({ name: "test", datasets });
  return warm({ endpoint: redis.endpoint, postgresUrl: postgres.url, plan, deadlineMs: 60_000, ...more });
}

/** Cuts the connection of the COPY `times` times, each time that so many more rows are written. */
function cutting(times: number, every = 10_000): Required<Pick<WarmOptions, "onProgress" | "limits">> {
  let cuts = 0;
  let from = 0;
  return {
    // Slow enough that the rows are on their way when it happens.
    limits: { keysPerSecond: 20_000 },
    onProgress: ({ datasets: [first] }: Progress) => {
      if (first === undefined || cuts === times) return;
      if (first.keys < from) from = 0; // begun again
      if (first.keys < from + every) return;
      from = first.keys;
      cuts += 1;
      void postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hearth' AND query LIKE 'COPY%'",
      );
    },
  };
}

describe("a connection to PostgreSQL that is cut half way", () => {
  it.each(["hash", "json"] as const)("is made again, and the dataset read from its beginning (%s)", async (type) => {
    const outcome = await run([{ ...items, value: { type } }, other], cutting(1));
    expect(outcome).toMatchObject({ ok: true, rows: rows + 1, keys: rows + 1, failed: 0 });
    expect(outcome.datasets[0]).toMatchObject({ status: "done", rows, keys: rows, retries: 1 });
    expect(outcome.datasets[0]?.warnings[0]).toMatch(
      /^the connection to PostgreSQL was lost 1 time, and the rows read again: .*(57P01|terminated)/,
    );
    expect(outcome.datasets[1]).not.toHaveProperty("retries");
    expect(await client.dbsize()).toBe(rows + 1);
    if (type === "hash") expect(Object.keys(await client.hgetall("item:1")).sort()).toEqual(["id", "more"]);
    else expect(JSON.parse((await client.get("item:1")) ?? "")).toMatchObject({ id: 1, half: null });
    expect(await client.ttl(`item:${rows}`)).toBeGreaterThan(3000);
  });

  it("is made again, and the dataset read on from the place that was noted", async () => {
    const checkpoint = redisCheckpointStore(client, "test", undefined);
    const { limits, onProgress } = cutting(2, 12_000);
    const outcome = await run([{ ...items, resumeBy: "id" }], {
      checkpoint,
      limits: { ...limits, keysPerSecond: 10_000 },
      onProgress,
    });
    expect(outcome).toMatchObject({ ok: true, rows, keys: rows, datasets: [{ retries: 2 }] });
    expect(await client.dbsize()).toBe(rows);
    // The first rows were sent once: the COPYs together sent less than two whole ones.
    expect(outcome.bytes).toBeLessThan(1.9 * rows * 560);
    expect((await client.keys("hearth:*")).length).toBe(0);
  });

  it("is made again for a set, whose members are all there", async () => {
    const members = { ...items, name: "set", key: "team:{team}", query: "SELECT team, id, more FROM items" };
    const outcome = await run([{ ...members, value: { type: "set", member: "more" }, ttl: undefined }, items], {
      onProgress: (() => {
        let cut = false;
        return ({ datasets: [first] }: Progress) => {
          if (cut || first?.status !== "running") return;
          cut = true;
          void postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hearth' AND pid <> pg_backend_pid()",
          );
        };
      })(),
    });
    expect(outcome).toMatchObject({ ok: true, keys: 100 + rows });
    expect(await client.scard("team:7")).toBe(1);
  });

  it("again and again: fails after three retries, or none, and tells how far it came", async () => {
    const outcome = await run([items, other], cutting(100, 3000));
    expect(outcome).toMatchObject({ ok: false, datasets: [{ status: "failed", retries: 3 }, { status: "done" }] });
    expect(outcome.error).toMatch(
      /^dataset "items": PostgreSQL ended the query: .*(57P01|terminated).*; 3 retries did not help/,
    );
    const none = await run([items], { retries: 0, ...cutting(1) });
    expect(none).toMatchObject({ ok: false, datasets: [{ status: "failed" }] });
    expect(none.datasets[0]).not.toHaveProperty("retries");
    expect(none.error).not.toContain("retries");
  });

  it("is not made again for an error of the query", async () => {
    const broken = { ...items, query: `SELECT id / (id - 3000) AS id, more FROM items` };
    const outcome = await run([broken]);
    expect(outcome.error).toContain("division by zero (22012)");
    expect(outcome.datasets[0]).not.toHaveProperty("retries");
  });

  it("waits for the next attempt no longer than the dataset's deadline", async () => {
    const own = await startPostgres();
    await own.sql("CREATE TABLE items AS SELECT n AS id, repeat('x', 500) AS more FROM generate_series(1, 100000) n");
    let killed = false;
    const outcome = await run([{ ...items, query: "SELECT id, more FROM items", deadline: "2 seconds" }], {
      postgresUrl: own.url,
      limits: { keysPerSecond: 5000 },
      retries: 10,
      onProgress: ({ datasets: [first] }) => {
        if (killed || (first?.keys ?? 0) === 0) return;
        killed = true;
        process.kill(own.pid, "SIGQUIT");
      },
    });
    await own.stop();
    expect(outcome.error).toMatch(
      /^dataset "items": its deadline of 2 s has passed; \d+ of about \d+ rows read, \d+ keys written/,
    );
    expect(outcome.keys).toBe(await client.dbsize());
    expect(outcome.durationMs).toBeLessThan(5000);
  });
});

describe("a dataset's deadline", () => {
  it("ends that dataset, with how far it came; the others go on", async () => {
    const slow = {
      ...items,
      name: "slow",
      deadline: "1 second",
      query: "SELECT n AS id, repeat('y', 5000) || pg_sleep(0.002)::text AS more FROM generate_series(1, 100000) n",
    };
    const outcome = await run([slow, { ...items, key: "other:{id}" }], { parallel: 1, datasetDeadlineMs: 30_000 });
    expect(outcome.datasets).toMatchObject([{ status: "failed" }, { status: "done", keys: rows }]);
    expect(outcome.error).toMatch(
      /^dataset "slow": its deadline of 1 s has passed; [1-9]\d* of about \d+ rows read, [1-9]\d* keys written/,
    );
    expect(outcome.datasets[0]?.durationMs).toBeGreaterThan(990);
    expect(outcome.datasets[0]?.durationMs).toBeLessThan(4000);
    expect(await client.dbsize()).toBe(outcome.keys);
  });
});
