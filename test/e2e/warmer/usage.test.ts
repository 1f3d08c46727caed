import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import { previewPlan } from "../../../warmer/preview.ts";
import { readReplay } from "../../../warmer/replay.ts";
import type { WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = redis.servers[0]?.client as Redis;
  await postgres.sql(`
    CREATE TABLE items (id int, name text);
    INSERT INTO items SELECT n, 'Item ' || n FROM generate_series(1, 50) AS n;
    CREATE TABLE log (key text, pattern text, response_time float8);
    INSERT INTO log VALUES ('b:3', 'b:*', 5), ('b:3', 'b:*', 5), ('b:7', 'b:*', 9), ('b:8', 'b:*', 10), ('b:9', 'b:*', NULL),
      ('a:1', 'a:*', 1), ('a:2', 'a:*', 1), ('d:1:x', 'd:*', 7), ('d:1:x', 'd:*', 7), ('z:1', 'z:*', 1), (NULL, NULL, NULL);
  `);
});
afterAll(() => Promise.all([postgres?.stop(), redis?.stop()]));
beforeEach(() => client.flushall());

const dataset = (name: string, more: object = {}) => ({
  name,
  query: "SELECT id, name FROM items ORDER BY id;",
  key: `${name}:{id}`,
  value: { type: "string", column: "name" },
  ...more,
});
const datasets = [dataset("a"), dataset("b"), dataset("c"), dataset("d", { key: "d:{id}:x" })];
const usage = { query: "SELECT * FROM log -- all of it" };
const run = (input: object): Promise<WarmOutcome> =>
  warm({
    endpoint: redis.endpoint,
    postgresUrl: postgres.url,
    plan: parsePlan({ name: "test", datasets, usage, ...input }),
    deadlineMs: 60_000,
  });
const names = (outcome: WarmOutcome) => outcome.datasets.map(({ name, status }) => `${name} ${status}`);

describe("usage", () => {
  it("orders datasets by requests, then by response time", async () => {
    const outcome = await run({});
    expect(names(outcome)).toEqual(["b done", "d done", "a done", "c done"]);
    expect(outcome).toMatchObject({ ok: true, keys: 200 });
  });

  it("leaves out what nobody asked for, and says so", async () => {
    const outcome = await run({ usage: { ...usage, others: "skip" } });
    expect(names(outcome)).toEqual(["b done", "d done", "a done", "c skipped"]);
    expect(outcome).toMatchObject({ ok: true, keys: 150 });
    expect(outcome.warnings).toContain('left out, because nobody asked for them: "c"');
    expect(outcome.datasets[3]?.warnings).toEqual(["nobody asked for it, by the access log"]);
  });

  it("counts only the first patterns", async () => {
    expect(names(await run({ usage: { ...usage, patterns: 1, others: "skip" } }))).toEqual([
      ...["b done", "a skipped", "c skipped", "d skipped"],
    ]);
  });

  it("picks the keys that were asked for, those asked for most first, within the limit", async () => {
    const plan = { datasets: [dataset("b", { usage: "keys", limit: 3 })] };
    expect(await run(plan)).toMatchObject({ ok: true, keys: 3 });
    expect((await client.keys("*")).sort()).toEqual(["b:3", "b:7", "b:8"]);
    const preview = { plan: parsePlan({ name: "test", usage, ...plan }), source: { url: postgres.url } };
    expect(await previewPlan(preview)).toEqual([
      { name: "b", priority: "MEDIUM", rows: 3, keys: ["b:3", "b:8", "b:7"] },
    ]);
  });

  it("does so for sets as well, whose rows are grouped into keys", async () => {
    const value = { type: "set", member: "name" };
    const query = "SELECT id / 10 AS id, name FROM items";
    await run({ datasets: [dataset("a", { usage: "keys", value, query })] });
    expect((await client.keys("*")).sort()).toEqual(["a:1", "a:2"]);
    expect(await client.scard("a:1")).toBe(10);
  });

  it("is the source of the replay where the plan has none", async () => {
    const replay = await readReplay({ plan: parsePlan({ name: "x", datasets, usage }), postgresUrl: postgres.url });
    expect(replay.source).toBe("access-log");
    expect(replay.keys.map(({ key }) => key).sort()).toEqual([
      "a:1",
      "a:2",
      "b:3",
      "b:7",
      "b:8",
      "b:9",
      "d:1:x",
      "z:1",
    ]);
  });

  it("warms everything when there was no traffic", async () => {
    const outcome = await run({ usage: { query: "SELECT * FROM log WHERE false", others: "skip" } });
    expect(names(outcome)).toEqual(["a done", "b done", "c done", "d done"]);
    expect(outcome.warnings[0]).toBe("the access log has no requests: every dataset is warmed, in the plan's order");
  });

  it.each([
    [{ query: "SELECT * FROM nowhere" }, {}, /^usage\.query: relation "nowhere" does not exist \(42P01\)/],
    [{ query: "SELECT 1 AS one" }, {}, /it returns "one"; allowed are "key", "pattern" and "response_time"/],
    [
      { query: "SELECT pattern FROM log" },
      { datasets: [dataset("a", { usage: "keys" })] },
      /it returns "pattern"; a dataset with `usage: keys` needs a column "key"/,
    ],
  ])("a log that cannot be read is a failure: %j", async (wrong, more, message) => {
    const outcome = await run({ usage: wrong, ...more });
    expect(outcome).toMatchObject({ ok: false, keys: 0 });
    expect(outcome.error).toMatch(message);
    expect(await client.dbsize()).toBe(0);
  });
});
