import * as z from "zod";
import { endpointSchema } from "./endpoint.ts";

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

/** Inputs of the operation `warm`. `plan` is checked by warmer/plan.ts. */
export const warmRequestSchema = z.object({
  endpoint: endpointSchema,
  plan: z.unknown(),
  source: sourceSchema,
  gate: gateSchema.prefault({}),
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
  /** Bytes sent to Redis. */
  readonly bytes: number;
  readonly durationMs: number;
  /** Why it failed or was skipped. */
  readonly error?: string;
  /** What the operator should know: duplicate keys, an empty result, ... */
  readonly warnings: readonly string[];
}

/** What validation found. */
export interface ValidationReport {
  /** Keys read back and compared with what was written: value, and TTL within its bounds. */
  readonly readBack: { readonly sampled: number; readonly matching: number; readonly mismatches: readonly string[] };
  /** Requests replayed through the application's endpoint. */
  readonly replay: {
    readonly source: "access-log" | "datasets" | "none";
    readonly requests: number;
    readonly hits: number;
    /** hits / requests; null where there was no traffic. */
    readonly hitRatio: number | null;
  };
  readonly verdict: "warm" | "cold" | "no-traffic";
  /** Each unmet condition, with its figures. */
  readonly problems: readonly string[];
}

/** The output `report` of CacheWarming, and what `hearth warm --json` prints. */
export interface WarmReport {
  readonly ok: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly rows: number;
  readonly keys: number;
  readonly failed: number;
  readonly bytes: number;
  /** Keys per second while writing. */
  readonly rate: number;
  /** Memory that Redis uses, bytes, over all primaries. */
  readonly usedMemory: { readonly before: number; readonly after: number };
  readonly evictedKeys: number;
  readonly datasets: readonly DatasetReport[];
  readonly validation: ValidationReport | null;
  /** Why the run failed, when it did: dataset, query, cause. */
  readonly error?: string;
}
