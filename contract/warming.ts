import * as z from "zod";
import { endpointSchema } from "./endpoint.ts";
import { runnerSchema } from "./runner.ts";
import { mostShards } from "./shards.ts";

/** Where rows come from: a PostgreSQL URL (secret), or the demo database that Hearth starts for the duration. */
export const sourceSchema = z.union([z.literal("demo"), z.object({ url: z.string().min(1) })]);
export type WarmSource = z.infer<typeof sourceSchema>;

/** What must be true for warming to count as done. */
export const gateSchema = z.object({
  /** Keys that the warmer must have written, at least. @default 1 */
  minKeys: z.number().int().min(0).default(1),
  /** Share of replayed requests that must hit, 0-1. @default 0.9 */
  minHitRatio: z.number().min(0).max(1).default(0.9),
  /** What to do when there were no requests to replay: "fail", "warn" or "pass". @default "fail" */
  onNoTraffic: z.enum(["fail", "warn", "pass"]).default("fail"),
});
export type Gate = z.infer<typeof gateSchema>;

/** How far a warming may go at the expense of others; see the options of the same names of `hearth warm`. */
export const warmControlsSchema = z.strictObject({
  /** Keys written per second, at most. @default no limit */
  keysPerSecond: z.number().int().min(1).optional(),
  /** Bytes sent to Redis per second, at most. @default no limit */
  bytesPerSecond: z.number().int().min(1000).optional(),
  /** Milliseconds that the 95th percentile of PING may reach before less is sent at a time; null: any. @default 5 */
  latencyCeilingMs: z.number().min(0.1).max(60_000).nullable().optional(),
  /** Share of maxmemory, 0-1, that stays free; null: memory is not looked at. @default 0.1 */
  headroom: z.number().min(0).max(0.99).nullable().optional(),
  /** Milliseconds that each dataset may take. @default the deadline of the whole */
  datasetDeadlineMs: z.number().int().min(1).optional(),
  /** Write only keys that are missing, or have fewer than `freshSeconds` to live. @default every key */
  onlyMissing: z.strictObject({ freshSeconds: z.number().int().min(0).default(0) }).optional(),
  /** When another warmer is at work on the same plan. @default "wait" */
  onBusy: z.enum(["fail", "wait"]).optional(),
  /** Go on where a run that died has stopped. @default true */
  resume: z.boolean().optional(),
});
export type WarmControls = z.infer<typeof warmControlsSchema>;

/** Inputs of the operation `warm`. `plan` is checked by warmer/plan.ts. */
export const warmRequestSchema = z.object({
  /** The application's: what was written is read back, and requests are replayed, over it. */
  endpoint: endpointSchema,
  /** Over which rows, lock, notes and markers are written. @default endpoint */
  warmerEndpoint: endpointSchema.optional(),
  plan: z.unknown(),
  source: sourceSchema,
  gate: gateSchema.prefault({}),
  controls: warmControlsSchema.optional(),
  /** Name of the warming, which its markers bear. */
  name: z.string().optional(),
  /** Parts that are warmed at once, each in a pod of its own: on Kubernetes alone. @default 1 */
  shards: z.number().int().min(1).max(mostShards).optional(),
  /** Set in the pod of one part: it leaves the gate to who asked. */
  shard: z.object({ index: z.number().int().min(0), count: z.number().int().min(1) }).optional(),
  /** Set when all parts have ended: nothing is written, the whole is proven warm. */
  parts: z
    .object({ keys: z.number().int().min(0), runId: z.string(), hitRatioBefore: z.number().min(0).max(1).optional() })
    .optional(),
  /** Set where the servers are containers, which may not be reached from here. */
  runner: runnerSchema.optional(),
});

export type DatasetStatus = "pending" | "running" | "done" | "failed" | "skipped";

/** What became of one dataset. */
export interface DatasetReport {
  readonly name: string;
  readonly priority: string;
  readonly status: DatasetStatus;
  /** Rows read from PostgreSQL. */
  readonly rows: number;
  /** Keys that Redis acknowledged. */
  readonly keys: number;
  readonly failed: number;
  /** Keys that were left alone, because they were there already; absent where there are none. */
  readonly fresh?: number;
  /** Bytes sent to Redis. */
  readonly bytes: number;
  readonly durationMs: number;
  /** How often the connection to PostgreSQL was lost, and the dataset read again; absent where it never was. */
  readonly retries?: number;
  /** Why it failed or was skipped. */
  readonly error?: string;
  /** What the operator should know: duplicate keys, an empty result, ... */
  readonly warnings: readonly string[];
}

/** Response times of one kind of request, milliseconds. */
export interface ResponseTimes {
  /** Requests measured, one after the other. */
  readonly samples: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Hits and misses of the same keys, side by side. */
export interface Latency {
  /** The value read from Redis through the application's endpoint. */
  readonly hits: ResponseTimes;
  /** The same keys answered by PostgreSQL: the dataset's `lookup`, or its query restricted to the key. */
  readonly misses: ResponseTimes;
  /** How many times faster a hit is: misses / hits. */
  readonly speedup: { readonly p50: number; readonly p95: number };
}

/** Response times over all requests that were measured, and by dataset. */
export interface LatencyReport extends Latency {
  readonly datasets: readonly (Latency & { readonly name: string })[];
}

/** Requests put to the cache as the application puts them. */
export interface ReplayReport {
  readonly source: "access-log" | "datasets" | "none";
  /** Requests replayed: a random sample of the population, or all of it. */
  readonly requests: number;
  readonly hits: number;
  /** hits / requests; null where there was no traffic. */
  readonly hitRatio: number | null;
  /** Requests in the window of the access log (keys of all datasets without one), of which the sample was taken. */
  readonly population: number;
  /** Where the ratio of the whole population lies with 95 % confidence; both are the ratio when all were replayed. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** The same requests before the first key was written; null where that was not measured. */
  readonly before: { readonly hits: number; readonly hitRatio: number } | null;
  /** The ratio after less the ratio before: 0.35 is 35 percentage points. */
  readonly improvement: number | null;
}

/** What validation found. */
export interface ValidationReport {
  /** Keys read back and compared with what was written: value, and TTL within its bounds. */
  readonly readBack: { readonly sampled: number; readonly matching: number; readonly mismatches: readonly string[] };
  /** Requests replayed through the application's endpoint. */
  readonly replay: ReplayReport;
  /** Hits beside misses; null where there was nothing to measure, or no time for it. */
  readonly latency: LatencyReport | null;
  readonly verdict: "warm" | "cold" | "no-traffic";
  /** Each unmet condition, with its figures. */
  readonly problems: readonly string[];
}

/** How far a run is, for dashboards: a line of `--progress json`, and `metrics` of the report. */
export interface WarmMetrics {
  /** Keys that Redis acknowledged. */
  readonly totalKeysWarmed: number;
  /** Share of the rows to expect that have been read, percent 0-100; null while their number is not known. */
  readonly warmingProgress: number | null;
  /** Seconds, at the rate so far; null while that cannot be told. */
  readonly estimatedTimeRemaining: number | null;
  /** Keys per second, over the time of writing. */
  readonly warmingRate: number;
  /** Bytes that Redis uses, over all primaries; null while that is not known. */
  readonly memoryUsage: number | null;
  /** See {@link ReplayReport.improvement}; null until validation. */
  readonly hitRatioImprovement: number | null;
  /** Each dataset by name, counted by the warmer: no KEYS, no SCAN. `total` are the rows to expect. */
  readonly phases: Readonly<
    Record<
      string,
      { readonly status: DatasetStatus; readonly keys: number; readonly failed: number; readonly total: number | null }
    >
  >;
}

/** Keys acknowledged over the time of the run, for charts: at most 60 points. */
export interface Timeline {
  /** Milliseconds since the beginning of the run, ascending. */
  readonly atMs: readonly number[];
  /** Keys acknowledged by then, by dataset; datasets beyond the seven largest together as `(others)`. */
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

/** The output `report` of CacheWarming, and what `hearth warm --json` prints. */
export interface WarmReport {
  readonly ok: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly rows: number;
  readonly keys: number;
  readonly failed: number;
  /**
   * Keys written once more, since another server (or a restarted one) was primary in the end than in the beginning, and
   * may have lost what had been acknowledged; absent where the servers stayed the same.
   */
  readonly repaired?: number;
  readonly bytes: number;
  /** Keys per second while writing. */
  readonly rate: number;
  /** Memory that Redis uses, bytes, over all primaries. */
  readonly usedMemory: { readonly before: number; readonly after: number };
  readonly evictedKeys: number;
  readonly datasets: readonly DatasetReport[];
  /** What the operator should know of the run as a whole; absent where there is nothing. */
  readonly warnings?: readonly string[];
  readonly validation: ValidationReport | null;
  /** The figures of a dashboard, at the end of the run. */
  readonly metrics: WarmMetrics;
  /** Absent where the run was not watched. */
  readonly timeline?: Timeline;
  /** Why the run failed, when it did: dataset, query, cause. */
  readonly error?: string;
}
