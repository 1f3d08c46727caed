import type { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { resolvePlan } from "../../../ops/warm-check.ts";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import type { WarmPlan } from "../../../warmer/plan.ts";
import { builtInPlans } from "../../../warmer/plans/index.ts";
import { runWarming } from "../../../warmer/run-warming.ts";
import { bindParameters } from "../../../warmer/sql.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

let database: DemoDatabase;
let redis: TestTopology<"standalone">;
let client: Redis;
let postgres: pg.Client;

beforeAll(async () => {
  [database, redis] = await Promise.all([startDemoDatabase(), startStandalone()]);
  client = redis.servers[0]?.client as Redis;
  postgres = new pg.Client({ connectionString: database.url });
  await postgres.connect();
});
afterAll(async () => {
  await postgres?.end();
  await Promise.all([database?.stop(), redis?.stop()]);
});
beforeEach(() => client.flushall());

async function warmPlan(name: string) {
  const gate = { minKeys: 1, minHitRatio: 0.95, onNoTraffic: "fail" } as const;
  const plan = resolvePlan(name);
  const report = await runWarming({ endpoint: redis.endpoint, plan, source: { url: database.url }, gate });
  expect(report).toMatchObject({ ok: true, failed: 0, validation: { verdict: "warm" } });
  expect(report.validation?.readBack.mismatches).toEqual([]);
  expect(
    report.datasets.flatMap(({ warnings }) => warnings).filter((each) => !each.includes("twice the memory")),
  ).toEqual([]);
  return Object.fromEntries(report.datasets.map((dataset) => [dataset.name, dataset.keys]));
}

async function rows<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
  return (await postgres.query<T>(sql)).rows;
}

// A template of the data is taken again for a day, so it may be some hours old already: its latest login was 4 minutes
// before it was made.
const made = "(SELECT max(last_login) + interval '4 minutes' FROM users)";

/** The rows of each dataset, as if it were so much later. */
async function rowsLater(plan: WarmPlan, by: string, than = "now()"): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const { query, limit } of plan.datasets) {
    const sql = bindParameters(query, plan.parameters)
      .replaceAll("now()", `(${than} + interval '${by}')`)
      .replaceAll("current_date", `((${than} + interval '${by}')::date)`);
    all.push(await rows(`SELECT * FROM (${sql}) AS s LIMIT ${limit ?? 1_000_000}`));
  }
  return all;
}

const ttlBounds = async (key: string, seconds: number): Promise<void> => {
  const ttl = await client.ttl(key);
  expect(ttl).toBeGreaterThan(seconds * 0.9 - 5);
  expect(ttl).toBeLessThanOrEqual(seconds * 1.1);
};

describe("plan sessions", () => {
  it("warms 856 sessions: hashes of 12 fields by a prefix of the token, for five minutes", async () => {
    expect(await warmPlan("sessions")).toEqual({ sessions: 856 });
    const [first] = await rows<{ token: string; id: string; ip_address: string }>(
      "SELECT token, id, ip_address FROM platform.user_sessions ORDER BY last_activity_at DESC, id OFFSET 10 LIMIT 1",
    );
    const key = `session:${first?.token.slice(0, 16)}`;
    expect(await client.hgetall(key)).toMatchObject({
      id: first?.id,
      token: first?.token,
      ipAddress: first?.ip_address,
      lastActivityAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/),
      email: expect.stringContaining("@example.org"),
    });
    expect(Object.keys(await client.hgetall(key)).sort()).toEqual(
      [
        ...["id", "userId", "token", "expiresAt", "lastActivityAt", "ipAddress", "userAgent", "createdAt"],
        ...["email", "firstName", "lastName", "username"],
      ].sort(),
    );
    await ttlBounds(key, 300);
  });

  it("leaves out who has expired, is idle, deleted or banned; a ban that is over does not count", async () => {
    await warmPlan("sessions");
    const [left] = await rows<Record<string, number>>(`
      SELECT count(*)::int AS sessions, count(*) FILTER (WHERE expires_at < now())::int AS expired,
        count(*) FILTER (WHERE last_activity_at < now() - interval '24 hours')::int AS idle,
        count(*) FILTER (WHERE deleted_at IS NOT NULL)::int AS deleted,
        count(*) FILTER (WHERE banned_until > now())::int AS banned,
        count(*) FILTER (WHERE banned_until < now())::int AS pardoned
      FROM platform.user_sessions AS s JOIN platform.users AS u ON u.id = s.user_id`);
    expect(left).toMatchObject({ sessions: 1050, expired: 50, idle: 50, deleted: 47, banned: 47 });
    expect(left?.pardoned).toBeGreaterThan(0);
    expect(await client.dbsize()).toBe(856);
  });
});

describe("plan running-app", () => {
  it("warms profiles, both first pages of runs, statistics, leaderboards and static data", async () => {
    expect(await warmPlan("running-app")).toEqual({
      static: 3,
      profiles: 100,
      runs: 200,
      stats: 100,
      "leaderboards-weekly": 50,
      "leaderboards-monthly": 50,
    });
    const [user] = await rows<{ id: string }>(
      "SELECT user_id AS id FROM running.runs WHERE date > now() - interval '7 days' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    );
    const json = async (key: string) => JSON.parse((await client.get(key)) ?? "null");
    expect(Object.keys(await json(`user:profile:${user?.id}`))).toEqual([
      ...["id", "name", "email", "trainingLevel", "VDOT", "defaultDistanceUnit", "goals", "createdAt"],
    ]);
    const recent = await rows<{ id: string }>(
      `SELECT id FROM running.runs WHERE user_id = '${user?.id}' ORDER BY date DESC, id LIMIT 20`,
    );
    const ids = recent.map(({ id }) => id);
    for (const size of [10, 20]) {
      const page: { id: string }[] = await json(`user:runs:${user?.id}:1:${size}`);
      expect(page.map(({ id }) => id)).toEqual(ids.slice(0, size));
    }
    expect(await json(`user:stats:${user?.id}`)).toEqual({
      totalRuns: expect.any(Number),
      totalDistance: expect.any(Number),
      averageDistance: expect.any(Number),
      activeShoes: expect.any(Number),
      totalShoeMiles: expect.any(Number),
    });
    expect(await json("static:distance-units")).toEqual(["miles", "kilometers"]);
    expect(await json("static:coaches")).toHaveLength(6);
    await ttlBounds(`user:profile:${user?.id}`, 900);
    await ttlBounds("static:coaches", 7200);
  });

  it("has leaderboards that are the sums of the distances of a group's members", async () => {
    await warmPlan("running-app");
    const [key = ""] = await client.keys("leaderboard:*:weekly");
    const group = key.split(":")[1];
    for (const [period, days] of [
      ["weekly", 7],
      ["monthly", 30],
    ] as const) {
      const sums = await rows<{ user_id: string; distance: string }>(
        `SELECT user_id, sum(distance)::text AS distance FROM running.runs JOIN running.group_members USING (user_id)
         WHERE group_id = '${group}' AND date >= now() - interval '${days} days' GROUP BY 1`,
      );
      const words = await client.zrevrange(`leaderboard:${group}:${period}`, 0, -1, "WITHSCORES");
      const board = words.flatMap((word, index) => (index % 2 === 0 ? [[word, Number(words[index + 1])]] : []));
      const expected = sums.map(({ user_id, distance }) => [user_id, Number(distance)] as const);
      expect(Object.fromEntries(board)).toEqual(Object.fromEntries(expected));
      expect(board.map(([, score]) => score)).toEqual(expected.map(([, score]) => score).sort((a, b) => b - a));
      await ttlBounds(`leaderboard:${group}:${period}`, 600);
    }
  });

  it("has shorter times to live in production", () => {
    const ttls = (name: string) => resolvePlan(name).datasets.map(({ ttl }) => ttl);
    expect(ttls("running-app")).toEqual([7200, 900, 300, 1800, 600, 600]);
    expect(ttls("running-app-production")).toEqual([7200, 600, 180, 900, 300, 300]);
  });
});

describe("plan api-keys", () => {
  it("warms the 500 keys used most: validity, scopes as sets, lists of their users", async () => {
    const keys = await warmPlan("api-keys");
    expect(keys).toMatchObject({ validation: 500, scopes: 500 });
    expect(keys["user-lists"]).toBeGreaterThan(100);
    const [most] = await rows<{ id: string; key_prefix: string; user_id: string; scopes: string[] }>(`
      SELECT keys.id, key_prefix, user_id, scopes FROM api.keys JOIN api.key_usage ON key_id = keys.id
      WHERE is_active AND (expires_at IS NULL OR expires_at > now())
      GROUP BY keys.id ORDER BY sum(requests) DESC LIMIT 1`);
    const validation = `cache:apikeys:validation:${most?.key_prefix}`;
    expect(JSON.parse((await client.get(validation)) ?? "")).toMatchObject({
      keyId: most?.id,
      userId: most?.user_id,
      keyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      isActive: true,
      valid: true,
    });
    const scope = `cache:apikeys:scope:${most?.key_prefix}`;
    expect((await client.smembers(scope)).sort()).toEqual([...(most?.scopes ?? [])].sort());
    const list = JSON.parse((await client.get(`cache:apikeys:userlist:${most?.user_id}`)) ?? "[]");
    expect(list.map(({ id }: { id: string }) => id)).toContain(most?.id);
    for (const key of [validation, scope]) await ttlBounds(key, 300);
  });
});

describe("demo data", () => {
  it.each(["running-app", "api-keys"])("gives %s the same rows when it is a day old", async (name) => {
    const plan = resolvePlan(name);
    expect(await rowsLater(plan, "24 hours", made)).toEqual(await rowsLater(plan, "0 hours", made));
  });

  it("gives sessions the same rows until it is brought up to date", async () => {
    expect(await rowsLater(resolvePlan("sessions"), "15 minutes")).toEqual(
      await rowsLater(resolvePlan("sessions"), "0 hours"),
    );
  });

  it("fills every limit", async () => {
    for (const name of builtInPlans.keys()) {
      const plan = resolvePlan(name);
      const found = (await rowsLater(plan, "0 hours")).map((all) => (all as unknown[]).length);
      const wanted = plan.datasets.map(({ limit }) => limit ?? 1);
      found.forEach((count, index) => {
        if (name !== "sessions") expect(count, `${name}[${index}]`).toBeGreaterThanOrEqual(wanted[index] ?? 0);
      });
    }
  });
});
