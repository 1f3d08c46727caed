import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { redisCheckpointStore } from "../../../warmer/resume/redis-store.ts";
import { slotOf } from "../../../warmer/slots.ts";
import type { Progress, WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startSentinel, startStandalone, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const ROWS = 20_000;
const RATE = 8000;

let postgres: TestPostgres;
let group: { stop(): Promise<void> } | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres?.stop();
});

afterEach(async () => {
  await group?.stop();
  group = undefined;
});

function run(endpoint: Endpoint, more: Partial<WarmOptions> = {}): Promise<WarmOutcome> {
  const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${ROWS}) n`;
  const plan = parsePlan({
    name: "test",
    datasets: [{ name: "numbers", query, key: "n:{id}", value: { type: "hash" }, ttl: "1 hour", resumeBy: "id" }],
  });
  const limits = { keysPerSecond: RATE };
  return warm({ endpoint, plan, postgresUrl: postgres.url, limits, deadlineMs: 60_000, ...more });
}

/** Runs `act` once, when so many keys have been acknowledged; what goes wrong in it is thrown by `done`. */
function onceUnderWay(act: () => Promise<void>, least = 4000) {
  let done: Promise<void> | undefined;
  const seen: Progress[] = [];
  return {
    seen,
    onProgress: (progress: Progress) => {
      seen.push(progress);
      if ((progress.datasets[0]?.keys ?? 0) >= least) done ??= act();
    },
    done: async () => {
      if (done === undefined) throw new Error("the run was over before anything happened to it");
      await done;
    },
  };
}

/** Every key with its value, as the primaries have it: what differs from what should be there. */
async function wrong(primaries: readonly TestRedis[]): Promise<string[]> {
  const found = new Map<string, string>();
  for (const { client } of primaries) {
    const keys = await client.keys("n:*");
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.hgetall(key).ttl(key);
    const replies = (await pipeline.exec()) ?? [];
    keys.forEach((key, index) => {
      const [{ id, text }, ttl] = [replies[2 * index]?.[1] as Record<string, string>, replies[2 * index + 1]?.[1]];
      found.set(key, `${id} ${text} ${Number(ttl) > 3000 && Number(ttl) < 4000}`);
    });
  }
  const expected = Array.from({ length: ROWS }, (_, index) => String(index + 1));
  const bad = expected.filter((id) => {
    const text = createHash("md5").update(id).digest("hex");
    return found.get(`n:${id}`) !== `${id} ${text} true`;
  });
  return found.size === ROWS ? bad : [...bad, `${found.size} keys`];
}

/** An older value under every key, on every server: one that survives a failover would look like a hit. */
async function fillWithOlder(servers: readonly TestRedis[], replicas: readonly TestRedis[]): Promise<void> {
  for (const [index, { client }] of servers.entries()) {
    const pipeline = client.pipeline();
    const own = servers.length === 1 ? undefined : ((await client.call("CLUSTER", "SLOTS")) as [number, number][]);
    const [from, to] =
      own === undefined ? [0, 16_383] : (own.toSorted((a, b) => a[0] - b[0])[index] as [number, number]);
    for (let id = 1; id <= ROWS; id += 1) {
      if (own !== undefined) {
        const key = Buffer.from(`n:${id}`);
        const slot = slotOf(key, 0, key.length);
        if (slot < from || slot > to) continue;
      }
      pipeline.hset(`n:${id}`, { id: String(id), text: "older" }).expire(`n:${id}`, 9999);
    }
    const replies = (await pipeline.exec()) ?? [];
    expect(replies.find(([error]) => error !== null)).toBeUndefined();
  }
  const sizes = await Promise.all(servers.map(({ client }) => client.dbsize()));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(ROWS);
  await until("the replicas have them", async () =>
    (await Promise.all(replicas.map(({ client }) => client.dbsize()))).every((size) => sizes.includes(size)),
  );
}

/** Nothing comes to these replicas any more; resolves when their primary has acknowledged some thousand rows since. */
async function cutOff(replicas: readonly TestRedis[], primary: TestRedis): Promise<void> {
  for (const { client } of replicas) {
    await client.config("SET", "masterauth", "wrong");
    await client.call("CLIENT", "KILL", "TYPE", "master");
    await until("the replica is cut off", async () =>
      (await client.info("replication")).includes("master_link_status:down"),
    );
  }
  const written = async () => Number(/total_commands_processed:(\d+)/.exec(await primary.client.info("stats"))?.[1]);
  const before = await written();
  await until("rows are written that no replica has", async () => (await written()) > before + 1500);
}

/** What a run must say that has written everything twice. */
function expectRepaired(outcome: WarmOutcome, seen: readonly Progress[]): void {
  expect(outcome.error).toBeUndefined();
  expect(outcome).toMatchObject({ ok: true, rows: ROWS, keys: ROWS, failed: 0 });
  expect(outcome.repaired).toBeGreaterThanOrEqual(ROWS);
  expect(outcome.warnings.join()).toContain(`${outcome.repaired} keys written again`);
  expect(seen.some(({ repairing }) => repairing === true)).toBe(true);
}

describe("sentinel: every key is at the new primary, with its value, after", () => {
  const primaryOf = async (servers: readonly TestRedis[], sentinel: TestRedis): Promise<TestRedis> => {
    const [, port] = (await sentinel.client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "cache")) as string[];
    return servers.find((server) => String(server.port) === port) as TestRedis;
  };

  it.each([
    ["a planned failover (SENTINEL FAILOVER)", 4000],
    ["one that begins when the last rows are being written", ROWS - 3000],
  ])("%s", async (_, least) => {
    const sentinels = await startSentinel();
    group = sentinels;
    const [old, second, third, sentinel] = sentinels.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
    await fillWithOlder([old], [second, third]);
    const incident = onceUnderWay(
      async () => void (await sentinel.client.call("SENTINEL", "FAILOVER", "cache")),
      least,
    );
    const outcome = await run(sentinels.endpoint, incident);
    await incident.done();
    const primary = await until("another server is primary", async () => {
      const now = await primaryOf(sentinels.servers, sentinel);
      return now.port !== old.port && now;
    });
    expect(await wrong([primary])).toEqual([]);
    expectRepaired(outcome, incident.seen);
  });

  it("the primary was killed, with rows that no replica had", async () => {
    const sentinels = await startSentinel();
    group = sentinels;
    const [old, second, third, sentinel] = sentinels.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
    await fillWithOlder([old], [second, third]);
    const incident = onceUnderWay(async () => {
      await cutOff([second, third], old);
      await old.kill();
    });
    const outcome = await run(sentinels.endpoint, incident);
    await incident.done();
    const primary = await primaryOf(sentinels.servers, sentinel);
    expect(primary.port).not.toBe(old.port);
    expect(await wrong([primary])).toEqual([]);
    expectRepaired(outcome, incident.seen);
  });
});

describe("cluster: every key is at the primary of its slot, with its value, after", () => {
  it.each(["killed", "taken over (CLUSTER FAILOVER TAKEOVER)"])(
    "a primary was %s, with rows that its replica had not",
    async (how) => {
      const cluster = await startCluster(1);
      group = cluster;
      const [old, second, third, replica, ...others] = cluster.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
      await fillWithOlder([old, second, third], [replica, ...others]);
      const incident = onceUnderWay(async () => {
        await cutOff([replica], old);
        if (how === "killed") await old.kill();
        else await replica.client.call("CLUSTER", "FAILOVER", "TAKEOVER");
      });
      const outcome = await run(cluster.endpoint, incident);
      await incident.done();
      expect((await replica.client.role())[0]).toBe("master");
      expect(await wrong([replica, second, third])).toEqual([]);
      expectRepaired(outcome, incident.seen);
    },
  );
});

describe("a server that was restarted empty half way", () => {
  it("has every key in the end", async () => {
    const redis = await startStandalone();
    group = redis;
    const [server] = redis.servers as [TestRedis];
    const incident = onceUnderWay(() => server.kill().then(() => server.restart()));
    const outcome = await run(redis.endpoint, incident);
    await incident.done();
    expect(await wrong([server])).toEqual([]);
    expectRepaired(outcome, incident.seen);
  });

  it("has every key in the end where the user may not ask who it is (INFO), and keys are only to be written where missing", async () => {
    const redis = await startStandalone(["user warmer on >secret ~* +@all -info"]);
    group = redis;
    const [server] = redis.servers as [TestRedis];
    const incident = onceUnderWay(() => server.kill().then(() => server.restart()));
    const endpoint = { ...redis.endpoint, username: "warmer", password: "secret" };
    const outcome = await run(endpoint, { ...incident, onlyMissing: { freshSeconds: 0 } });
    await incident.done();
    expect(await wrong([server])).toEqual([]);
    expectRepaired(outcome, incident.seen);
  });

  it("fails the run where its deadline is too near to write all again; the next one does", async () => {
    const redis = await startStandalone();
    group = redis;
    const [server] = redis.servers as [TestRedis];
    const checkpoint = redisCheckpointStore(server.client, "test", undefined);
    const incident = onceUnderWay(() => server.kill().then(() => server.restart()), ROWS - 6000);
    const outcome = await run(redis.endpoint, { ...incident, checkpoint, deadlineMs: 4000 });
    await incident.done();
    expect(outcome.ok).toBe(false);
    expect(outcome.error).toMatch(
      /^The deadline of 4 s has passed, while rows were written again that a failover or a restart may have lost\. Still missing: "numbers"/,
    );
    const written = await server.client.dbsize();
    expect(written).toBeLessThan(ROWS);
    const next = await run(redis.endpoint, { checkpoint });
    expect(next).toMatchObject({ ok: true, rows: ROWS, keys: ROWS });
    expect(next.repaired).toBeUndefined();
    expect(await wrong([server])).toEqual([]);
  });

  it("is not taken for the one that a run which died has noted, although the note outlived the keys", async () => {
    const redis = await startStandalone();
    group = redis;
    const [server] = redis.servers as [TestRedis];
    const checkpoint = redisCheckpointStore(server.client, "test", undefined);
    const stop = new AbortController();
    const rowsNoted = async () => JSON.parse((await checkpoint.load())[0] ?? "{}").datasets?.numbers.rows ?? 0;
    const incident = onceUnderWay(async () => {
      await until("a note of many rows", async () => (await rowsNoted()) > 1000);
      stop.abort(new Error("interrupted"));
    });
    const died = await run(redis.endpoint, { ...incident, checkpoint, signal: stop.signal });
    expect(died.error).toContain("interrupted");
    const [note] = await checkpoint.load();
    await server.kill();
    await server.restart();
    await checkpoint.save(note as string, 600);
    const next = await run(redis.endpoint, { checkpoint, limits: {} });
    expect(next).toMatchObject({ ok: true, rows: ROWS, keys: ROWS });
    expect(await wrong([server])).toEqual([]);
  });
});

it("a run in peace writes nothing twice", async () => {
  const cluster = await startCluster(1);
  group = cluster;
  const outcome = await run(cluster.endpoint, { limits: {} });
  expect(outcome).toMatchObject({ ok: true, keys: ROWS, warnings: [] });
  expect(outcome.repaired).toBeUndefined();
});
