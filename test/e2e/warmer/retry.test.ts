import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import type { Progress, WarmOptions, WarmOutcome } from "../../../warmer/types.ts";
import { warm } from "../../../warmer/warm.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import {
  startCluster,
  startRedis,
  startSentinel,
  startStandalone,
  type TestRedis,
  type TestTopology,
} from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres?.stop();
});

const ROWS = 40_000;

/** Hashes over older ones, by three commands a row (DEL, HSET, PEXPIREAT): a refusal may come between them. */
function run(endpoint: Endpoint, more: Partial<WarmOptions> = {}, key = "n:{id}"): Promise<WarmOutcome> {
  const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${ROWS}) n`;
  const plan = parsePlan({
    name: "test",
    datasets: [{ name: "numbers", query, key, value: { type: "hash" }, ttl: "1 hour" }],
  });
  const limits = { keysPerSecond: 20_000 };
  return warm({ endpoint, plan, postgresUrl: postgres.url, engine: "hset", limits, deadlineMs: 60_000, ...more });
}

/** Runs `act` once, when a first part of the keys is there; what goes wrong in it is thrown by `done`. */
function onceUnderWay(act: () => Promise<void>) {
  let done: Promise<void> | undefined;
  return {
    onProgress: ({ datasets }: Progress) => {
      if ((datasets[0]?.keys ?? 0) >= 1000) done ??= act();
    },
    done: async () => {
      if (done === undefined) throw new Error("the run was over before anything happened to it");
      await done;
    },
  };
}

/** How many commands that write this server has refused before running them. */
async function rejected({ client }: TestRedis): Promise<number> {
  const stats = await client.info("commandstats");
  const counts = stats.matchAll(/^cmdstat_(?:del|hset|pexpireat):.*rejected_calls=(\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Keys that are not whole: without both fields, or without a TTL. */
async function broken(servers: readonly TestRedis[]): Promise<number> {
  const script = `local broken = 0
    for _, key in ipairs(redis.call('KEYS', '*n:*')) do
      if redis.call('HLEN', key) ~= 2 or redis.call('TTL', key) < 3000 then broken = broken + 1 end
    end
    return broken`;
  const counts = await Promise.all(servers.map(({ client }) => client.eval(script, 0) as Promise<number>));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function keys(servers: readonly TestRedis[]): Promise<number> {
  return (await Promise.all(servers.map(({ client }) => client.dbsize()))).reduce((sum, size) => sum + size, 0);
}

describe("rows that one server refuses for the moment are sent again", () => {
  let redis: TestTopology<"standalone">;
  let server: TestRedis;

  beforeEach(async () => {
    redis = await startStandalone(["key-load-delay 20", "loading-process-events-interval-bytes 1024"]);
    server = redis.servers[0] as TestRedis;
    await server.client.hset("n:0", { id: "0", text: "", older: "" }); // not empty: every HSET has a DEL before it
    await server.client.expire("n:0", 9999);
    await server.client.hdel("n:0", "older");
  });

  afterEach(async () => {
    await redis?.stop();
  });

  const refused = () => until("commands were refused", async () => (await rejected(server)) > 0);

  it.each([
    // Loads all keys again, slowly, and says LOADING to everybody else meanwhile.
    ["LOADING", async () => void (await server.client.call("DEBUG", "RELOAD"))],
    [
      "NOREPLICAS",
      async () => {
        await server.client.config("SET", "min-replicas-to-write", "1");
        await refused();
        await server.client.config("SET", "min-replicas-to-write", "0");
      },
    ],
    [
      "BUSY",
      async () => {
        await server.client.config("SET", "busy-reply-threshold", "20");
        const other = server.client.duplicate();
        const script = other.eval("while true do end", 0).catch((error: Error) => error.message);
        await until("a script keeps Redis busy", () =>
          server.client.ping().then(
            () => false,
            (error: Error) => error.message.startsWith("BUSY"),
          ),
        );
        await server.client.script("KILL");
        expect(await script).toContain("killed by user");
        other.disconnect();
      },
    ],
  ])("%s", async (_, act) => {
    const incident = onceUnderWay(act);
    const outcome = await run(redis.endpoint, incident);
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, rows: ROWS, keys: ROWS, failed: 0 });
    expect(outcome.warnings.join()).not.toContain("was lost");
    expect(await rejected(server)).toBeGreaterThan(0);
    expect(await keys([server])).toBe(ROWS + 1);
    expect(await broken([server])).toBe(0);
  });

  it("as are those of a connection that was cut, however often", async () => {
    const incident = onceUnderWay(async () => {
      for (let times = 0; times < 5; times++) {
        const before = await server.client.dbsize();
        await server.client.call("CLIENT", "KILL", "TYPE", "normal");
        await until("writing goes on", async () => (await server.client.dbsize()) > before + 500);
      }
    });
    const outcome = await run(redis.endpoint, { ...incident, limits: { keysPerSecond: 10_000 } });
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, rows: ROWS, keys: ROWS, failed: 0 });
    expect(outcome.warnings.join()).toContain(`the connection to Redis 127.0.0.1:${server.port} was lost`);
    expect(await keys([server])).toBe(ROWS + 1);
    expect(await broken([server])).toBe(0);
  });

  it("not those that it will always refuse: MISCONF ends the run at once", async () => {
    const [, folder] = (await server.client.config("GET", "dir")) as [string, string];
    const incident = onceUnderWay(async () => {
      await server.client.config("SET", "save", "3600 1");
      await rm(folder, { recursive: true }); // no snapshot can be written from now on
      await server.client.bgsave();
    });
    const outcome = await run(redis.endpoint, incident);
    await incident.done();
    expect(outcome.error).toMatch(/^dataset "numbers": Redis .* refused to write: MISCONF .*look at its log and at/);
    expect(outcome.keys).toBeGreaterThanOrEqual(1000);
    expect(outcome.durationMs).toBeLessThan(20_000);
  });
});

it("a server that restarts from its file says LOADING for a while: the run waits for it", async () => {
  const server = await startRedis(["appendonly yes", "appendfsync always", "key-load-delay 50"]);
  try {
    const endpoint: Endpoint = {
      topology: "standalone",
      nodes: [{ host: "127.0.0.1", port: server.port }],
      database: 0,
    };
    const incident = onceUnderWay(async () => {
      await server.kill();
      await server.restart();
    });
    const outcome = await run(endpoint, incident);
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, keys: ROWS, failed: 0 });
    expect(outcome.warnings.join()).toContain(`the connection to Redis 127.0.0.1:${server.port} was lost`);
    expect(await keys([server])).toBe(ROWS);
    expect(await broken([server])).toBe(0);
  } finally {
    await server.stop();
  }
});

describe("cluster", () => {
  let cluster: TestTopology<"cluster">;

  beforeAll(async () => {
    cluster = await startCluster(1);
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  const primaries = async (): Promise<TestRedis[]> => {
    const roles = await Promise.all(cluster.servers.map(({ client }) => client.role()));
    return cluster.servers.filter((_, index) => roles[index]?.[0] === "master");
  };

  it("CLUSTERDOWN: rows are sent again when every slot has a primary", async () => {
    const [first] = cluster.servers as [TestRedis];
    const incident = onceUnderWay(async () => {
      await first.client.call("CLUSTER", "DELSLOTS", "0");
      await until("commands were refused", async () => (await rejected(first)) > 0);
      await first.client.call("CLUSTER", "ADDSLOTS", "0");
    });
    const outcome = await run(cluster.endpoint, incident);
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, keys: ROWS, failed: 0 });
    expect(await first.client.info("errorstats")).toMatch(/errorstat_CLUSTERDOWN:count=[1-9]/);
    expect(await keys(await primaries())).toBe(ROWS);
    expect(await broken(await primaries())).toBe(0);
  });

  it.each(["hset", "restore"] as const)(
    "a slot that moves while all rows go into it: every key is in it once, by %s",
    async (engine) => {
      const [from, to] = cluster.servers as [TestRedis, TestRedis];
      await Promise.all((await primaries()).map(({ client }) => client.flushall()));
      const [source, target] = (await Promise.all([from, to].map(({ client }) => client.call("CLUSTER", "MYID")))) as [
        string,
        string,
      ];
      const slot = String(await from.client.call("CLUSTER", "KEYSLOT", engine === "hset" ? "{3}n" : "{7}n"));
      const incident = onceUnderWay(async () => {
        await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source);
        await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target);
        const address = ["127.0.0.1", String(to.port), "", "0", "5000", "KEYS"];
        for (;;) {
          const batch = (await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, "200")) as string[];
          if (batch.length === 0) break;
          await from.client.call("MIGRATE", ...address, ...batch);
        }
        for (const { client } of [to, from]) await client.call("CLUSTER", "SETSLOT", slot, "NODE", target);
      });
      const outcome = await run(
        cluster.endpoint,
        { ...incident, engine },
        engine === "hset" ? "{{3}}n:{id}" : "{{7}}n:{id}",
      );
      await incident.done();
      expect(outcome).toMatchObject({ ok: true, keys: ROWS, failed: 0 });
      expect(await from.client.info("errorstats")).toMatch(/errorstat_ASK:count=[1-9].*errorstat_MOVED:count=[1-9]/s);
      expect(
        await Promise.all([from, to].map(({ client }) => client.call("CLUSTER", "COUNTKEYSINSLOT", slot))),
      ).toEqual([0, ROWS]);
      expect(await broken([to])).toBe(0);
    },
  );

  it("a planned failover (CLUSTER FAILOVER) loses no key", async () => {
    const [old, replica] = [cluster.servers[0], cluster.servers[3]] as [TestRedis, TestRedis];
    const incident = onceUnderWay(async () => {
      await replica.client.call("CLUSTER", "FAILOVER");
      await until("the old primary is a replica", async () => (await old.client.role())[0] === "slave");
    });
    await Promise.all((await primaries()).map(({ client }) => client.flushall()));
    const outcome = await run(cluster.endpoint, incident);
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, keys: ROWS, failed: 0 });
    expect((await primaries()).map(({ port }) => port)).toContain(replica.port);
    expect(await keys(await primaries())).toBe(ROWS);
    expect(await broken(await primaries())).toBe(0);
  });
});

describe("sentinel", () => {
  let group: TestTopology<"sentinel">;

  beforeAll(async () => {
    group = await startSentinel();
  });

  afterAll(async () => {
    await group?.stop();
  });

  it("READONLY: the new primary is asked for, and the rows are sent there", async () => {
    const [old, next, other, ...sentinels] = group.servers as [TestRedis, TestRedis, TestRedis, ...TestRedis[]];
    const password = group.endpoint.password as string;
    const incident = onceUnderWay(async () => {
      // Demoted without a word to its clients, as by an operator: they keep their connections.
      await next.client.replicaof("NO", "ONE");
      for (const { client } of [old, other]) await client.replicaof("127.0.0.1", next.port);
      await until("commands were refused", async () => (await rejected(old)) > 0);
      for (const { client } of sentinels) {
        await client.call("SENTINEL", "REMOVE", "cache");
        await client.call("SENTINEL", "MONITOR", "cache", "127.0.0.1", String(next.port), "2");
        await client.call("SENTINEL", "SET", "cache", "auth-pass", password);
      }
    });
    const outcome = await run(group.endpoint, incident);
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, keys: ROWS, failed: 0 });
    expect(await old.client.info("errorstats")).toMatch(/errorstat_READONLY:count=[1-9]/);
    expect(outcome.warnings.join()).toContain(`the connection to Redis 127.0.0.1:${old.port} was lost`);
    expect(await keys([next])).toBe(ROWS);
    expect(await broken([next])).toBe(0);
  });

  // The old primary takes writes for some 8 s more, until the sentinels make a replica of it.
  it("a planned failover (SENTINEL FAILOVER): the run goes on at the new primary", async () => {
    const [, , , sentinel] = group.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
    const address = async () =>
      String(((await sentinel.client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "cache")) as string[])[1]);
    await until("the sentinel knows two replicas in order", async () => {
      const [fields = []] = (await sentinel.client.call("SENTINEL", "MASTERS")) as string[][];
      return fields[fields.indexOf("num-slaves") + 1] === "2";
    });
    const before = await address();
    const incident = onceUnderWay(async () => {
      await sentinel.client.call("SENTINEL", "FAILOVER", "cache");
      await until("another server is primary", async () => (await address()) !== before);
    });
    const outcome = await run(group.endpoint, { ...incident, limits: { keysPerSecond: 8000 } });
    await incident.done();
    expect(outcome).toMatchObject({ ok: true, keys: ROWS, failed: 0 });
    expect(outcome.warnings.join()).toContain(`the connection to Redis 127.0.0.1:${before} was lost`);
    const after = await address();
    const primary = group.servers.find(({ port }) => String(port) === after) as TestRedis;
    expect((await primary.client.role())[0]).toBe("master");
    expect(await keys([primary])).toBe(ROWS);
    expect(await broken([primary])).toBe(0);
  });
});
