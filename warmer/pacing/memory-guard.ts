import type { CompiledDataset } from "../compile.ts";
import type { HashStyle } from "../encode/hash.ts";
import type { PostgresSession } from "../postgres/session.ts";
import type { RedisConnection } from "../redis/socket.ts";
import type { Sink } from "../sink.ts";
import type { MemoryDecision, MemoryNeed } from "./memory-decision.ts";
import { decideMemory, roomFor } from "./memory-decision.ts";
import { sampleMemory, shareThere } from "./memory-sample.ts";
import type { ServerMemory } from "./server-memory.ts";
import { readServerMemory } from "./server-memory.ts";

/** What the guard must know of a dataset. */
export interface GuardedDataset {
  readonly name: string;
  readonly priority: string;
  readonly compiled: CompiledDataset;
  /** PostgreSQL's estimate; undefined where it gave none. */
  readonly rows: number | undefined;
  readonly style: HashStyle;
}

export interface GuardOptions {
  readonly sink: Sink;
  readonly session: PostgresSession;
  readonly datasets: readonly GuardedDataset[];
  /** Share of maxmemory, 0-1, that stays free. */
  readonly headroom: number;
  readonly statementTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the guard found. */
export interface GuardResult {
  readonly decision: MemoryDecision;
  /** What each primary said; empty where the user may not ask. */
  readonly servers: readonly ServerMemory[];
}

/** A key is seldom larger; plans that fit even so need no sample. */
const GENEROUS_KEY_BYTES = 16 * 1024;

function isSmall(datasets: readonly GuardedDataset[], room: number): boolean {
  return datasets.reduce((sum, { rows }) => sum + (rows ?? Number.POSITIVE_INFINITY), 0) * GENEROUS_KEY_BYTES < room;
}

async function needsOf(options: GuardOptions, open: readonly RedisConnection[]): Promise<MemoryNeed[]> {
  const { sink, session, datasets, signal } = options;
  const needs: MemoryNeed[] = [];
  for (const { name, priority, compiled, rows, style } of datasets) {
    const sample = await sampleMemory(session, compiled, style, signal);
    if (sample === undefined) continue;
    const there = await shareThere(sample.keys, open, (key) => sink.lane(key, key.length));
    needs.push({ name, priority, keys: rows ?? sample.keys.length, bytesPerKey: sample.bytesPerKey, there });
  }
  return needs;
}

/** The same with rows that were counted: PostgreSQL's estimates may be far off. */
async function counted(options: GuardOptions, needs: readonly MemoryNeed[]): Promise<MemoryNeed[]> {
  const exact: MemoryNeed[] = [];
  for (const need of needs) {
    const compiled = options.datasets.find(({ name }) => name === need.name)?.compiled;
    const [row] = await options.session.rows(`SELECT count(*)::text FROM (${compiled?.select}) AS counted`);
    exact.push({ ...need, keys: Number(row?.[0] ?? need.keys) });
  }
  return exact;
}

/**
 * Looks before the first write whether the datasets fit below maxmemory: bytes for each key by a sample of rows, times
 * PostgreSQL's estimate of the rows. Only where that says no are the rows counted. Without maxmemory nothing is asked.
 */
export async function guardMemory(options: GuardOptions): Promise<GuardResult> {
  const { sink, session, datasets, headroom } = options;
  const asked = await sink.eachPrimary(readServerMemory);
  const servers = asked.flatMap((each) => each ?? []);
  const room = roomFor(servers, headroom);
  if (servers.length < asked.length || room === Number.POSITIVE_INFINITY || isSmall(datasets, room)) {
    return { decision: { kind: "fits" }, servers };
  }
  const open = await sink.connect();
  try {
    return await session.transaction(options.statementTimeoutMs, async () => {
      const needs = await needsOf(options, open);
      // An estimate that is far too low is noticed while writing.
      const sure = datasets.every(({ rows }) => rows !== undefined);
      const first = decideMemory(servers, needs, headroom);
      if (first.kind === "fits" && sure) return { decision: first, servers };
      return { decision: decideMemory(servers, await counted(options, needs), headroom), servers };
    });
  } finally {
    for (const connection of open) connection.close();
  }
}
