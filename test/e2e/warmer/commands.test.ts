import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { gateSchema, type WarmReport } from "../../../contract/warming.ts";
import { warm } from "../../../ops/warm.ts";
import { sentinelCommands, validationCommands, warmerCommands } from "../../../warmer/commands.ts";
import { estimatePlan, memoryFit } from "../../../warmer/estimate.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { readReplay } from "../../../warmer/replay.ts";
import { watchCache } from "../../../warmer/resume/watch.ts";
import { type RunOptions, runWarming } from "../../../warmer/run-warming.ts";
import { readStats } from "../../../warmer/stats.ts";
import { validate } from "../../../warmer/validate.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startSentinel, startStandalone, type TestTopology } from "../../support/redis.ts";

// Every way of the warmer, on real servers, as users who may send the documented commands and no other: nothing is
// refused (ACL LOG), and each command is sent at least once (INFO commandstats).

type Topology = Endpoint["topology"];
let postgres: TestPostgres;
const servers: { [T in Topology]?: TestTopology<T> } = {};
/** Commands that data nodes were sent while they were watched. */
const sent = new Set<string>();

const rows = (count: number) => `FROM generate_series(1, ${count}) n`;
const plan = parsePlan({
  name: "all",
  datasets: [
    {
      name: "json",
      priority: "CRITICAL",
      query: `SELECT n AS id, repeat('x', 200) AS x ${rows(3000)}`,
      key: "t:j:{id}",
      value: { type: "json" },
      ttl: 3600,
      resumeBy: "id",
    },
    {
      name: "hash",
      query: `SELECT n AS id, n AS x ${rows(3000)}`,
      key: "t:h:{id}",
      value: { type: "hash" },
      ttl: 3600,
    },
    {
      name: "wide",
      query: `SELECT n AS id, repeat('x', 90) AS x ${rows(50)}`,
      key: "t:w:{id}",
      value: { type: "hash" },
    },
    {
      name: "text",
      query: `SELECT n AS id, 'x' AS x ${rows(50)}`,
      key: "t:s:{id}",
      value: { type: "string", column: "x" },
    },
    {
      ...{ name: "set", query: `SELECT n % 9 AS id, n AS m ${rows(90)}`, key: "t:set:{id}" },
      ...{ value: { type: "set", member: "m" }, ttl: 600 },
    },
    {
      ...{ name: "many", query: `SELECT 1 AS id, n AS m ${rows(1500)}`, key: "t:many:{id}" },
      ...{ value: { type: "set", member: "m" } },
    },
    {
      ...{ name: "zset", query: `SELECT n % 9 AS id, n AS m, n * 2 AS s ${rows(90)}`, key: "t:z:{id}" },
      ...{ value: { type: "zset", member: "m", score: "s" }, ttl: 600 },
    },
  ],
});
const keys = 3000 + 3000 + 50 + 50 + 9 + 1 + 9;

beforeAll(async () => {
  [postgres, servers.standalone, servers.sentinel, servers.cluster] = await Promise.all([
    startPostgres(),
    startStandalone(),
    startSentinel(),
    startCluster(),
  ]);
  for (const topology of ["standalone", "sentinel", "cluster"] as const) await narrow(topology);
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), ...Object.values(servers).map((topology) => topology.stop())]);
});

const isSentinel = (topology: Topology, index: number) => topology === "sentinel" && index >= 3;
const clients = (topology: Topology): Redis[] => servers[topology]?.servers.map(({ client }) => client) ?? [];

/** The users of a warming, each with the documented commands and keys. */
async function narrow(topology: Topology): Promise<void> {
  const rules = (commands: readonly string[]) => commands.map((command) => `+${command}`);
  for (const [index, client] of clients(topology).entries()) {
    const user = (name: string, commands: readonly string[], ...patterns: string[]) =>
      client.call("ACL", "SETUSER", name, "reset", "on", ">pw", ...patterns, ...rules(commands));
    if (isSentinel(topology, index)) {
      for (const name of ["warmer", "app"]) await user(name, sentinelCommands);
    } else {
      await user("warmer", warmerCommands, "~t:*", "~hearth:*");
      await user("app", validationCommands, "~t:*");
    }
  }
}

function endpoints(topology: Topology): { endpoint: Endpoint; warmerEndpoint: Endpoint } {
  const as = (username: string) =>
    ({
      ...(servers[topology] as TestTopology<Topology>).endpoint,
      ...(topology === "standalone" && { database: 1 }),
      ...{ username, password: "pw" },
      ...(topology === "sentinel" && { sentinelUsername: username, sentinelPassword: "pw" }),
    }) as Endpoint;
  return { endpoint: as("app"), warmerEndpoint: as("warmer") };
}

/** Does something, and notes which commands the servers were sent meanwhile. None of them may have been refused. */
async function watched<T>(topology: Topology, work: () => Promise<T>): Promise<T> {
  for (const client of clients(topology)) {
    await client.call("ACL", "LOG", "RESET");
  }
  const before = await Promise.all(clients(topology).map((client) => counts(client)));
  const result = await work();
  for (const [index, client] of clients(topology).entries()) {
    const name = `${topology} ${index}`;
    for (const [command, calls] of await counts(client)) {
      if (calls > (before[index]?.get(command) ?? 0)) sent.add(command);
    }
    expect([name, await client.call("ACL", "LOG")]).toEqual([name, []]);
  }
  return result;
}

/** How often each command was sent: `client|setname` -> 3. */
async function counts(client: Redis): Promise<Map<string, number>> {
  const text = await client.info("commandstats");
  return new Map(
    [...text.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)].map(([, name = "", calls]) => [name, Number(calls)]),
  );
}

const run = (topology: Topology, more: Partial<RunOptions> = {}) =>
  runWarming({
    ...endpoints(topology),
    ...{ plan, source: { url: postgres.url }, gate: gateSchema.parse({}), onBusy: "fail", resume: true },
    ...more,
  });

/** As `pulumi up` runs it, and `refresh` and `destroy` look at it. */
async function operate(topology: Topology): Promise<WarmReport> {
  const context = { signal: AbortSignal.timeout(60_000), progress: () => {} };
  const inputs = { name: "run", ...endpoints(topology), plan, source: { url: postgres.url } };
  const ask = (action: "create" | "read" | "delete", more = {}) =>
    warm(
      { operation: "warm", action, id: "warm", inputs: { ...inputs, ...more }, olds: {}, deadlineMs: 60_000 },
      context,
    );
  const { outputs } = await ask("create");
  expect(await ask("read", outputs)).toEqual({ id: "warm", outputs: {} });
  await ask("delete", outputs);
  expect(await ask("read", outputs)).toMatchObject({ outputs: { drift: "cache lost its data" } });
  return outputs?.report as WarmReport;
}

describe.each(["standalone", "sentinel", "cluster"] as const)("%s", (topology) => {
  it("pulumi up, refresh and destroy", async () => {
    const report = await watched(topology, () => operate(topology));
    expect(report).toMatchObject({ ok: true, keys, validation: { verdict: "warm" } });
    expect(report.warnings ?? []).toEqual([]);
  });

  it("hashes by HSET, over keys that are there; a lock that is waited for", async () => {
    const limits = { keysPerSecond: 4000 };
    const reports = await watched(topology, () =>
      Promise.all([
        run(topology, { engine: "hset", controls: { limits }, onBusy: "wait" }),
        run(topology, { engine: "hset", onBusy: "wait" }),
      ]),
    );
    expect(reports).toMatchObject([
      { ok: true, keys },
      { ok: true, keys },
    ]);
  });

  it("a run that is ended, one that goes on, one of what is missing, one that begins again", async () => {
    await watched(topology, async () => {
      const end = new AbortController();
      const limits = { keysPerSecond: 600 };
      const ended = await run(topology, {
        ...{ signal: end.signal, controls: { limits } },
        // A place is noted once a second, the lock renewed every 2.5.
        onProgress: ({ elapsedMs }) => {
          if (elapsedMs > 3200) end.abort(new Error("enough"));
        },
      });
      expect(ended.ok).toBe(false);
      const second = await run(topology, { onBusy: "wait" });
      expect(second.datasets.flatMap(({ warnings }) => warnings).join()).toMatch(/earlier run/);
      const third = await run(topology, { controls: { onlyMissing: { freshSeconds: 60 } } });
      expect(third.datasets[0]).toMatchObject({ fresh: 3000, keys: 0 });
      expect(await run(topology, { resume: false })).toMatchObject({ ok: true, keys });
    });
  });

  it("figures, an estimate beside them, and a watch", async () => {
    const { warmerEndpoint } = endpoints(topology);
    await watched(topology, async () => {
      const stats = await readStats(warmerEndpoint);
      expect(stats.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(memoryFit(await estimatePlan({ plan, source: { url: postgres.url } }), stats).fits).toBe(true);
      const end = new AbortController();
      await watchCache({
        ...{ firstAfterMs: 0, everyMs: 60_000, signal: end.signal, readCounters: () => readStats(warmerEndpoint) },
        failed: (error) => expect.unreachable(String(error)),
        run: async () => {
          await run(topology);
          end.abort(new Error("enough"));
        },
      });
    });
  });

  it("validation, as the application", async () => {
    const { endpoint } = endpoints(topology);
    await watched(topology, async () => {
      const replay = await readReplay({ plan, postgresUrl: postgres.url });
      const measure = { plan, postgresUrl: postgres.url, budgetMs: 5000 };
      const report = await validate({ endpoint, gate: gateSchema.parse({}), replay, measure });
      expect(report).toMatchObject({ verdict: "warm", problems: [], replay: { hitRatio: 1 } });
      expect(report.latency?.datasets.map(({ name }) => name)).toContain("hash");
    });
  });
});

it("a slot that is on the move", async () => {
  const [from, to] = clients("cluster") as [Redis, Redis];
  const [source, target] = (await Promise.all([from, to].map((client) => client.call("CLUSTER", "MYID")))) as string[];
  const moving = [from, to] as const;
  // Slot 0-99, half-way: what is not there is asked for on the other side.
  for (let slot = 0; slot < 100; slot++) {
    await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source as string);
    await from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target as string);
  }
  await from.flushall();
  const report = await watched("cluster", () => run("cluster", { engine: "hset", resume: false }));
  expect(report.error).toBeUndefined();
  expect(report).toMatchObject({ keys, failed: 0 });
  expect(sent).toContain("asking");
  for (const client of moving)
    for (let slot = 0; slot < 100; slot++) await client.call("CLUSTER", "SETSLOT", slot, "STABLE");
});

describe("the lists hold no command that is not sent", () => {
  it.each([
    ["warmer", warmerCommands],
    ["validation", validationCommands],
  ])("%s", (_, commands) => {
    expect(commands.filter((command) => !sent.has(command))).toEqual([]);
  });

  // Sentinels do not count commands: each is taken away in turn, and must be missed.
  it.each(sentinelCommands)("sentinels: %s", async (command) => {
    const { endpoint } = endpoints("sentinel");
    const sentinels = clients("sentinel").slice(3);
    for (const client of sentinels) {
      await client.call("ACL", "LOG", "RESET");
      for (const user of ["warmer", "app"]) await client.call("ACL", "SETUSER", user, `-${command}`);
    }
    const replay = await readReplay({ plan, postgresUrl: postgres.url });
    await validate({ endpoint, gate: gateSchema.parse({}), replay }).catch(() => {});
    await run("sentinel").catch(() => {});
    const refused = await Promise.all(sentinels.map((client) => client.call("ACL", "LOG")));
    await narrow("sentinel");
    expect(JSON.stringify(refused)).toContain(`"object","${command}"`);
  });
});

describe("an application that may not read the plan's keys", () => {
  it("is told the key and the user, by a warming and by validation", async () => {
    const [client] = clients("standalone") as [Redis];
    const { endpoint } = endpoints("standalone");
    await client.call("ACL", "SETUSER", "app", "resetkeys", "~t:j:*");
    try {
      const report = await run("standalone");
      expect(report.ok).toBe(false);
      expect(report.error).toMatch(
        /^Redis refuses (PTTL or )?[A-Z]+ of the key "t:(h|w|s|set|z):\d+" to the user "app", as whom validation reads: NOPERM .*Let the user read the keys of the plan/,
      );
      const replay = await readReplay({ plan, postgresUrl: postgres.url });
      await expect(validate({ endpoint, gate: gateSchema.parse({}), replay })).rejects.toThrow(
        /^Redis refuses EXISTS of the key "t:[^"]+" to the user "app"/,
      );
    } finally {
      await narrow("standalone");
    }
  });
});
