import { describe, expect, it } from "vitest";
import { judge } from "../../../ops/health/checks.ts";
import { type Counted, countedBetween, countersOf } from "../../../ops/health/counters.ts";
import { type CheckName, statusOf } from "../../../ops/health/finding.ts";
import type { DataServer } from "../../../ops/health/look.ts";
import type { Observed } from "../../../ops/health/observed.ts";
import { slotOwners } from "../../../ops/health/placement.ts";
import { formatHealth, makeReport } from "../../../ops/health/report.ts";
import { defaultThresholds } from "../../../ops/health/thresholds.ts";

const now = new Date("2026-11-21T12:00:00Z");
const seconds = now.getTime() / 1000;
const address = { host: "10.0.0.1", port: 6379 };
const wellInfo = {
  ...{ role: "master", run_id: "one", redis_version: "7.0.15", uptime_in_seconds: "1000" },
  ...{ used_memory: "50", maxmemory: "100", maxmemory_policy: "allkeys-lru", mem_fragmentation_ratio: "1.0" },
  ...{ connected_clients: "10", maxclients: "100", rdb_last_bgsave_status: "ok", aof_enabled: "0" },
};

function server(info: Record<string, string> = {}, more: Partial<DataServer> = {}): DataServer {
  return { name: "10.0.0.1:6379", address, pingMs: 1, info: { ...wellInfo, ...info }, ...more };
}

const counted = (more: Partial<Counted> = {}): Counted => ({
  ...{ over: "window", seconds: 60, hits: 900, misses: 100, commands: 1000, errors: 0, rejected: 0, evicted: 0 },
  ...{ reads: 100, writes: 100, ...more },
});

function observed(more: Partial<Observed> = {}): Observed {
  return {
    endpoint: { topology: "standalone", nodes: [address], database: 0 },
    servers: [server()],
    sentinels: [],
    owners: undefined,
    probes: [{ name: "10.0.0.1:6379", durations: [{ operation: "set", milliseconds: 1 }] }],
    certificates: [],
    window: counted(),
    sinceStart: counted({ over: "start" }),
    thresholds: defaultThresholds,
    now,
    ...more,
  };
}

/** Severities of a check, the worst first. */
function severities(check: CheckName, more: Partial<Observed>): string[] {
  return judge(observed(more))
    .filter((finding) => finding.check === check)
    .map(({ severity }) => severity);
}

it("nothing is wrong with a cache that is well", () => {
  const findings = judge(observed());
  expect(findings.every(({ severity }) => severity === "ok")).toBe(true);
  expect(statusOf(findings)).toBe("healthy");
});

describe("thresholds", () => {
  it.each([
    [0.85, "ok"],
    [0.849, "note"],
    [0.8, "note"],
    [0.799, "warning"],
    [0.5, "warning"],
    [0.499, "critical"],
  ])("a hit ratio of %d is %s", (ratio, severity) => {
    const window = counted({ hits: 1000 * ratio, misses: 1000 * (1 - ratio) });
    expect(severities("hit-ratio", { window })).toEqual([severity]);
  });

  it("the recommendations for hits, by their thresholds", () => {
    const text = (ratio: number, more: Partial<Counted> = {}) =>
      judge(observed({ window: counted({ hits: 1000 * ratio, misses: 1000 * (1 - ratio), ...more }) }))
        .filter(({ check, severity }) => check === "hit-ratio" && severity !== "ok")
        .map((finding) => `${finding.text}. ${finding.advice}`);
    expect(text(0.69)).toEqual([
      "69.0 % of 1,000 reads hit in the last 60 s (below 70.0 %). Warm the cache (hearth warm --only-missing), or give keys longer times to live.",
    ]);
    expect(text(0.84)[0]).toMatch(/\(target 85\.0 %\)\. Review what is cached/);
    expect(text(0.84, { reads: 1100, writes: 100 })[1]).toBe(
      "there are 11 reads for each write. Stable data can have longer times to live.",
    );
    expect(text(0.84, { reads: 1000, writes: 100 })).toHaveLength(1);
    expect(text(0.9, { reads: 5000, writes: 100 })).toEqual([]);
  });

  it("too few reads in the window: since the start, which is advice alone; too few of them too: not told", () => {
    const few = counted({ hits: 1, misses: 98 });
    const poor = counted({ over: "start", hits: 10, misses: 990 });
    expect(severities("hit-ratio", { window: few, sinceStart: poor })).toEqual(["note"]);
    expect(severities("hit-ratio", { window: few, sinceStart: few })).toEqual(["ok"]);
    expect(severities("hit-ratio", { window: undefined, sinceStart: undefined })).toEqual(["unknown"]);
  });

  it.each([
    ["80", "allkeys-lru", {}, "ok"],
    ["81", "allkeys-lru", {}, "warning"],
    ["99", "allkeys-lru", {}, "warning"],
    ["90", "noeviction", {}, "warning"],
    ["91", "noeviction", {}, "critical"],
    ["91", "volatile-lru", { db0: "keys=10,expires=0,avg_ttl=0" }, "critical"],
    ["91", "volatile-lru", { db0: "keys=10,expires=3,avg_ttl=9" }, "warning"],
  ] as const)("%s of 100 bytes with %s and %j is %s", (used_memory, maxmemory_policy, keys, severity) => {
    const servers = [server({ used_memory, maxmemory_policy, ...keys })];
    expect(severities("memory", { servers })).toEqual([severity]);
  });

  it("no maxmemory: judged by the machine's", () => {
    const unlimited = (rss: string) => ({
      servers: [server({ maxmemory: "0", used_memory_rss: rss, total_system_memory: "1000" })],
    });
    expect(severities("memory", unlimited("800"))).toEqual(["note"]);
    expect(severities("memory", unlimited("801"))).toEqual(["warning"]);
  });

  it.each([
    ["80", "ok"],
    ["81", "warning"],
    ["96", "critical"],
  ])("%s clients of 100 is %s", (connected_clients, severity) => {
    expect(severities("clients", { servers: [server({ connected_clients })] })).toEqual([severity]);
  });

  it("rejected connections, evicted keys, error replies of the window", () => {
    expect(severities("clients", { window: counted({ rejected: 1 }) })).toEqual(["critical"]);
    expect(severities("memory", { window: counted({ evicted: 5 }) })).toEqual(["note"]);
    expect(severities("errors", { window: counted({ errors: 50 }) })).toEqual(["ok"]);
    expect(severities("errors", { window: counted({ errors: 51 }) })).toEqual(["warning"]);
    // Those of long ago are no reason to call for anybody.
    const old = counted({ over: "start", errors: 500 });
    expect(severities("errors", { window: counted({ commands: 10 }), sinceStart: old })).toEqual(["ok"]);
    expect(severities("errors", { window: undefined, sinceStart: old })).toEqual(["note"]);
  });

  it.each([
    [15, "ok"],
    [14, "warning"],
    [2, "critical"],
    [-1, "critical"],
  ])("a certificate with %d days left is %s", (days, severity) => {
    const endpoint = { ...observed().endpoint, tls: {} };
    const certificates = [{ of: "it", endsAt: new Date(now.getTime() + days * 86_400_000) }];
    expect(severities("certificate", { endpoint, certificates })).toEqual([severity]);
  });

  it("a PING that takes its time", () => {
    expect(severities("connection", { servers: [server({}, { pingMs: 100 })] })).toEqual(["ok"]);
    expect(severities("connection", { servers: [server({}, { pingMs: 101 })] })).toEqual(["warning"]);
  });
});

describe("persistence", () => {
  const saved = (ago: number, changes: string, save: string | undefined) => ({
    servers: [
      server(
        { rdb_last_save_time: String(seconds - ago), rdb_changes_since_last_save: changes },
        save === undefined ? {} : { save },
      ),
    ],
  });

  it("a snapshot is late after three of its intervals, with as many changes as it needs", () => {
    expect(severities("persistence", saved(2700, "1", "900 1 60 10000"))).toEqual(["ok"]);
    expect(severities("persistence", saved(2701, "1", "900 1 60 10000"))).toEqual(["warning"]);
    expect(severities("persistence", saved(200, "10000", "900 1 60 10000"))).toEqual(["warning"]);
    expect(severities("persistence", saved(90_000, "0", "900 1"))).toEqual(["ok"]);
    expect(severities("persistence", saved(90_000, "5", ""))).toEqual(["ok"]);
    expect(severities("persistence", saved(90_000, "5", undefined))).toEqual(["ok"]);
  });

  it("an append-only file that cannot be written or rewritten, and data that is still loaded", () => {
    const aof = { aof_enabled: "1", aof_last_write_status: "ok", aof_last_bgrewrite_status: "ok" };
    expect(severities("persistence", { servers: [server(aof)] })).toEqual(["ok"]);
    expect(severities("persistence", { servers: [server({ ...aof, aof_last_write_status: "err" })] })).toEqual([
      "critical",
    ]);
    expect(severities("persistence", { servers: [server({ ...aof, aof_last_bgrewrite_status: "err" })] })).toEqual([
      "warning",
    ]);
    expect(severities("persistence", { servers: [server({ loading: "1" })] })).toEqual(["critical"]);
  });
});

it("a replica that has said nothing for long", () => {
  const endpoint = {
    topology: "sentinel" as const,
    ...{ masterName: "m", sentinels: [{ host: "s", port: 1 }], nodes: [address, { host: "10.0.0.2", port: 6379 }] },
    database: 0,
  };
  const of = (lag: number) => ({
    endpoint,
    servers: [
      server({ slave0: `ip=10.0.0.2,port=6379,state=online,offset=1,lag=${lag}` }),
      server({ role: "slave", master_link_status: "up" }, { name: "10.0.0.2:6379" }),
    ],
  });
  expect(severities("replication", of(10))).toEqual(["ok"]);
  expect(severities("replication", of(11))).toEqual(["warning"]);
});

describe("slots", () => {
  it("are found where the client reaches their owner, announced under another address", () => {
    const slots = [
      [0, 8191, ["172.20.0.2", 7000, "a"]],
      [8192, 16_383, ["", 7001, "b"]],
    ];
    const endpoint = {
      topology: "cluster" as const,
      ...{ nodes: [address], database: 0 as const },
      natMap: { "172.20.0.2:7000": { host: "127.0.0.1", port: 17_000 } },
    };
    const owners = slotOwners([server({}, { slots, cluster: { cluster_state: "ok" } })], endpoint);
    expect(owners?.map((one) => one.address)).toEqual([
      { host: "127.0.0.1", port: 17_000 },
      { host: "10.0.0.1", port: 7001 },
    ]);
  });
});

describe("counters", () => {
  const at = (time: number, info: Record<string, string>) => countersOf([server(info)], time, new Map());

  it("are compared for the same process alone, and never go back", () => {
    const before = at(0, { keyspace_hits: "100", keyspace_misses: "10" });
    expect(countedBetween(before, at(5000, { keyspace_hits: "150", keyspace_misses: "5" }))).toMatchObject({
      ...{ over: "window", seconds: 5, hits: 50, misses: 0 },
    });
    const restarted = at(5000, { keyspace_hits: "150", run_id: "two" });
    expect(countedBetween(before, restarted)).toMatchObject({ hits: 0, misses: 0 });
  });
});

it("the report: a line for each finding, aligned, the worst first, and the state at the end", () => {
  const seen = observed({
    servers: [server({ used_memory: "95", maxmemory_policy: "noeviction" })],
    window: counted({ hits: 700, misses: 300, evicted: 2 }),
  });
  const report = makeReport(seen, judge(seen), performance.now());
  const lines = formatHealth(report).split("\n");
  expect(lines.filter((line) => line.includes(" memory "))).toEqual([
    expect.stringMatching(
      /^critical {2}memory {7}10\.0\.0\.1:6379 uses 95\.0 % of 100 B \(noeviction\)\. Writes are refused/,
    ),
    expect.stringMatching(/^note {6}memory {7}2 keys were evicted in the last 60 s\. /),
  ]);
  expect(lines.at(-1)).toBe("unhealthy: standalone of 1 server, 0 keys; 1 critical, 1 warning");
  expect(report.recommendations.map((text) => text.slice(0, 20))).toEqual([
    "10.0.0.1:6379 uses 9",
    "70.0 % of 1,000 read",
    "2 keys were evicted ",
  ]);
});
