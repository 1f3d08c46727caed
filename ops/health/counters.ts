import type { DataServer } from "./look.ts";

/** What a server has counted since it started. */
interface ServerCounters {
  /** Another process counts anew. */
  readonly runId: string;
  readonly hits: number;
  readonly misses: number;
  readonly commands: number;
  readonly errors: number;
  readonly rejected: number;
  readonly evicted: number;
  /** Calls of commands that read, and that write, values. */
  readonly reads: number;
  readonly writes: number;
}

/** Counters of all servers at one time. */
export interface Counters {
  /** Milliseconds of performance.now(). */
  readonly at: number;
  readonly servers: ReadonlyMap<string, ServerCounters>;
}

/** What was counted over a stretch of time, on all servers together. */
export interface Counted extends Omit<ServerCounters, "runId"> {
  /** Over a window between two looks, or since the servers started. */
  readonly over: "window" | "start";
  /** Length of the window, or the time since the youngest server started. */
  readonly seconds: number;
}

const figures = ["hits", "misses", "commands", "errors", "rejected", "evicted", "reads", "writes"] as const;

const readCommands = ["get", "mget", "getex", "hget", "hgetall", "hmget", "smembers", "sismember", "zrange", "zscore"];
const writeCommands = ["set", "setex", "psetex", "mset", "hset", "hmset", "sadd", "zadd", "restore"];

/** Reads of the checks themselves, by the run id of the server: all of them hit. */
export type OwnReads = ReadonlyMap<string, number>;

/** The counters in what the servers said, without the checks' own reads; a server that said nothing is left out. */
export function countersOf(servers: readonly DataServer[], at: number, own: OwnReads): Counters {
  const entries = servers.flatMap(({ name, info }) => {
    if (info === undefined) return [];
    const counters = countersIn(info);
    return [[name, { ...counters, hits: Math.max(0, counters.hits - (own.get(counters.runId) ?? 0)) }] as const];
  });
  return { at, servers: new Map(entries) };
}

function countersIn(info: Readonly<Record<string, string>>): ServerCounters {
  const calls = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + Number(/calls=(\d+)/.exec(info[`cmdstat_${name}`] ?? "")?.[1] ?? 0), 0);
  return {
    runId: info.run_id ?? "",
    hits: Number(info.keyspace_hits ?? 0),
    misses: Number(info.keyspace_misses ?? 0),
    commands: Number(info.total_commands_processed ?? 0),
    errors: Number(info.total_error_replies ?? 0),
    rejected: Number(info.rejected_connections ?? 0),
    evicted: Number(info.evicted_keys ?? 0),
    reads: calls(readCommands),
    writes: calls(writeCommands),
  };
}

/** What was counted between two looks, by servers that were there at both and did not start anew. */
export function countedBetween(before: Counters, after: Counters): Counted {
  const total = { hits: 0, misses: 0, commands: 0, errors: 0, rejected: 0, evicted: 0, reads: 0, writes: 0 };
  for (const [name, now] of after.servers) {
    const then = before.servers.get(name);
    if (then === undefined || then.runId !== now.runId) continue;
    // CONFIG RESETSTAT takes counters back to 0.
    for (const figure of figures) total[figure] += Math.max(0, now[figure] - then[figure]);
  }
  return { over: "window", seconds: (after.at - before.at) / 1000, ...total };
}

/** What was counted since the servers started. */
export function countedSinceStart(counters: Counters, servers: readonly DataServer[]): Counted {
  const total = { hits: 0, misses: 0, commands: 0, errors: 0, rejected: 0, evicted: 0, reads: 0, writes: 0 };
  for (const one of counters.servers.values()) for (const figure of figures) total[figure] += one[figure];
  const ages = servers.flatMap(({ info }) => (info?.uptime_in_seconds === undefined ? [] : [info.uptime_in_seconds]));
  return { over: "start", seconds: ages.length === 0 ? 0 : Math.min(...ages.map(Number)), ...total };
}
