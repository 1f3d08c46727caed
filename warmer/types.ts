import type { ClientConfig } from "pg";
import type { Endpoint } from "../contract/endpoint.ts";
import type { DatasetReport, DatasetStatus } from "../contract/warming.ts";
import type { ControlOptions } from "./pacing/controls.ts";
import type { LatencySummary } from "./pacing/monitor.ts";
import type { WarmPlan } from "./plan.ts";

/** Connection settings of `pg`, for what a URL cannot say. */
export type PgConfig = ClientConfig;

/** How hashes are written: see `engine` of {@link WarmOptions}. */
export const HashEngine = { restore: "restore", hset: "hset" } as const;
export type HashEngine = (typeof HashEngine)[keyof typeof HashEngine];

/** A disjoint part of every dataset, by a hash of the key computed in SQL. */
export interface Shard {
  /** Which part: 0 to `count` - 1. */
  readonly index: number;
  /** How many parts there are, at least 1. */
  readonly count: number;
}

/** What `warm` needs. Everything but the first three has a default. */
export interface WarmOptions extends ControlOptions {
  /** The Redis to fill. */
  readonly endpoint: Endpoint;
  /** What to fill it with: the result of `parsePlan` or `loadPlanFile`. */
  readonly plan: WarmPlan;
  /** The PostgreSQL to read from: a URL, or settings of `pg`. Never appears in a message. */
  readonly postgresUrl: string | PgConfig;
  /** Stops the run; the outcome then tells how far it came. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole run. @default 300000 (5 minutes) */
  readonly deadlineMs?: number;
  /** Milliseconds that a single query may take. @default what is left of the deadline */
  readonly statementTimeoutMs?: number;
  /**
   * Milliseconds without any answer from a Redis server after which the run fails, although the deadline is not
   * reached: a server that is gone for good. A server that answers LOADING or CLUSTERDOWN is waited for until the
   * deadline. @default 60000
   */
  readonly patienceMs?: number;
  /**
   * How hashes are written. `restore`: `RESTORE` of a ready-made listpack, the fastest way, with the TTL in the same
   * command. `hset`: `HSET` and `EXPIRE`. `auto`: `restore` where a probe key comes back right, else `hset`.
   * @default "auto"
   */
  readonly engine?: "auto" | HashEngine;
  /** Write only this part of every dataset. @default everything */
  readonly shard?: Shard;
  /** Datasets of one priority that run at once, each on a PostgreSQL connection of its own; 1-16. @default 2 */
  readonly parallel?: number;
  /** Keys remembered, with what was written, for reading back. 0 for none. @default 200 */
  readonly sampleSize?: number;
  /** Called when a dataset changes its status, and four times a second while rows flow. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a dataset is. */
export interface DatasetProgress {
  readonly name: string;
  readonly priority: string;
  readonly status: DatasetStatus;
  readonly rows: number;
  readonly keys: number;
  readonly failed: number;
  readonly bytes: number;
  /** Rows to expect, by PostgreSQL's own estimate and the dataset's limit; absent until the query is planned. */
  readonly total?: number;
}

/** How far the run is. */
export interface Progress {
  readonly elapsedMs: number;
  readonly datasets: readonly DatasetProgress[];
  /** True while rows are written again that a failover or a restart of Redis may have lost. */
  readonly repairing?: true;
  /** Bytes that Redis uses, over all primaries, as it was last asked; absent before, and where the user may not ask. */
  readonly usedMemory?: number;
}

/** What was written under a key. */
export type WrittenValue =
  | { readonly type: "string"; readonly bytes: Buffer }
  | { readonly type: "hash"; readonly fields: ReadonlyMap<string, Buffer> }
  /** Members as latin1 text, which keeps every byte apart. */
  | { readonly type: "set"; readonly members: ReadonlySet<string> }
  | { readonly type: "zset"; readonly scores: ReadonlyMap<string, number> };

/** A key that Redis acknowledged, for reading back. */
export interface WrittenSample {
  readonly dataset: string;
  readonly key: Buffer;
  readonly value: WrittenValue;
  /** Bounds of the TTL given, seconds, jitter included; null where the key does not expire. */
  readonly ttlSeconds: readonly [min: number, max: number] | null;
  /** When Redis acknowledged it, milliseconds since 1970. */
  readonly writtenAt: number;
}

/** A key that Redis refused, or a row that could not become one. */
export interface FailureExample {
  /** The key, with bytes that are not printable escaped; empty where there was none. */
  readonly key: string;
  /** See `failures` of {@link DatasetOutcome}. */
  readonly code: string;
  readonly message: string;
}

/** What became of one dataset. */
export interface DatasetOutcome extends DatasetReport {
  /** Rows left out on purpose: their TTL was 0 or less. Not part of `failed`. */
  readonly skipped: number;
  /** Failures by code: Redis's error code (`WRONGTYPE`), or `NULL_KEY`, `NULL_VALUE`, `NULL_TTL`. */
  readonly failures: Readonly<Record<string, number>>;
  /** The first ten failures, and the first of each further code. */
  readonly examples: readonly FailureExample[];
}

/** The result of a run. `warm` always resolves to it: also after a failure the counts are there. */
export interface WarmOutcome {
  /** True when every dataset was written to its end. Failed keys do not make it false: they are counted. */
  readonly ok: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly rows: number;
  /** Keys that Redis acknowledged. */
  readonly keys: number;
  readonly failed: number;
  /** See `repaired` of WarmReport. */
  readonly repaired?: number;
  /** Bytes sent to Redis. */
  readonly bytes: number;
  /** Keys per second while writing. */
  readonly rate: number;
  /** Memory that Redis uses, bytes, over all primaries. 0 where the user may not ask (INFO). */
  readonly usedMemory: { readonly before: number; readonly after: number };
  /** Keys that the primaries evicted during the run. */
  readonly evictedKeys: number;
  readonly datasets: readonly DatasetOutcome[];
  /** How hashes were written; null when no dataset has any, or the run did not come so far. */
  readonly engine: HashEngine | null;
  /** What the operator should know about the run as a whole. */
  readonly warnings: readonly string[];
  readonly samples: readonly WrittenSample[];
  /** What PINGs took beside the writing; null where there was no ceiling, or the run did not come so far. */
  readonly latency?: LatencySummary | null;
  /** Why the run failed: dataset, query, cause. */
  readonly error?: string;
}
