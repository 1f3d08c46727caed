import { afterAll, beforeAll, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import type { Progress } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

it("a Redis that stops answering stops the reading: few rows wait in memory, PostgreSQL waits", async () => {
  const [server] = redis.servers as [TestRedis];
  const rows = 300_000;
  const query = `SELECT n AS id, repeat(md5(n::text), 10) AS text FROM generate_series(1, ${rows}) n`;
  const plan = parsePlan({
    name: "test",
    datasets: [{ name: "numbers", query, key: "n:{id}", value: { type: "string", column: "text" } }],
  });
  const seen: { rows: number; keys: number }[] = [];
  let frozen = false;
  const onProgress = ({ datasets: [first] }: Progress): void => {
    if (first === undefined) return;
    if (frozen) seen.push(first);
    else if (first.keys > 1000) {
      frozen = true;
      process.kill(server.pid, "SIGSTOP");
    }
  };
  const work = warm({ endpoint: redis.endpoint, plan, postgresUrl: postgres.url, deadlineMs: 60_000, onProgress });
  await until("reading has come to a halt", async () => {
    const last = seen.slice(-4).map((each) => each.rows);
    return last.length === 4 && new Set(last).size === 1;
  });
  const waiting = await postgres.sql(
    "SELECT wait_event FROM pg_stat_activity WHERE application_name = 'hearth' AND query LIKE 'COPY%'",
  );
  process.kill(server.pid, "SIGCONT");
  const outcome = await work;
  const { rows: read, keys } = seen.at(3) ?? { rows: 0, keys: 0 };
  expect(read).toBeLessThan(rows);
  // The window and the chunks that are being filled are 1 MiB, of rows of 340 bytes; what the sockets hold comes on top.
  expect((read - keys) * 340).toBeLessThan(3 * 1024 * 1024);
  expect(waiting.rows).toEqual([{ wait_event: "ClientWrite" }]);
  expect(outcome).toMatchObject({ ok: true, rows, keys: rows, failed: 0 });
  expect(await server.client.dbsize()).toBe(rows);
});
