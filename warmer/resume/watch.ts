import { setTimeout as delay } from "node:timers/promises";
import type { ServerStats } from "../stats.ts";

/** Why a run was started. */
export type WatchReason =
  | { readonly kind: "first" | "schedule" }
  | { readonly kind: "hit-rate"; readonly hitRate: number; readonly reads: number };

/** When a cache is warmed again. */
export interface WatchOptions {
  /** Milliseconds from the beginning of one run to that of the next. @default 1800000 (30 minutes) */
  readonly everyMs?: number | undefined;
  /** Milliseconds before the first run. @default 30000 */
  readonly firstAfterMs?: number | undefined;
  /** Share of reads, 0-1, that must hit over a window; below, the cache is warmed at once. @default 0.85 */
  readonly minHitRate?: number | undefined;
  /** Milliseconds of a window. @default 60000 */
  readonly windowMs?: number | undefined;
  /** Reads that a window must have to say anything. @default 100 */
  readonly minReads?: number | undefined;
  readonly signal: AbortSignal;
  /** What every server counts: hits and misses since it started. */
  readonly readCounters: () => Promise<readonly Pick<ServerStats, "hits" | "misses" | "error">[]>;
  /** Warms the cache. What it throws is told to `failed`; the watch goes on. */
  readonly run: (reason: WatchReason) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export const WATCH_DEFAULTS = {
  everyMs: 30 * 60_000,
  firstAfterMs: 30_000,
  minHitRate: 0.85,
  windowMs: 60_000,
  minReads: 100,
} as const;

/** After a run that the hit rate asked for, so many windows pass before it may ask again. */
const PATIENCE_WINDOWS = 5;

interface Counters {
  readonly hits: number;
  readonly reads: number;
}

/**
 * Warms a cache again and again until it is told to stop: by the clock, and when the hit rate of its users falls. The
 * rate is taken from the servers' own counters, over windows that lie between two runs: what a run itself reads, in
 * writing and in validation, is in none of them.
 */
export async function watchCache(options: WatchOptions): Promise<void> {
  const { signal } = options;
  const everyMs = options.everyMs ?? WATCH_DEFAULTS.everyMs;
  const windowMs = options.windowMs ?? WATCH_DEFAULTS.windowMs;
  let nextAt = performance.now() + (options.firstAfterMs ?? WATCH_DEFAULTS.firstAfterMs);
  let askAgainAt = 0;
  let reason: WatchReason = { kind: "first" };
  let before = await look(options);
  while (!signal.aborted) {
    const now = performance.now();
    if (now < nextAt) {
      await pause(Math.min(nextAt - now, windowMs), signal);
      if (signal.aborted) return;
      const after = await look(options);
      const fallen = performance.now() >= askAgainAt ? hitRateBelow(before, after, options) : undefined;
      // A window with too few reads goes on.
      if (before === undefined || after === undefined || after.reads < before.reads || isEnough(before, after, options))
        before = after;
      if (fallen === undefined) continue;
      reason = fallen;
      askAgainAt = performance.now() + PATIENCE_WINDOWS * windowMs;
    }
    nextAt = performance.now() + everyMs;
    try {
      await options.run(reason);
    } catch (error) {
      if (!signal.aborted) options.failed(error);
    }
    reason = { kind: "schedule" };
    before = await look(options);
  }
}

/** The sums over all servers; undefined while one of them does not answer. */
async function look(options: WatchOptions): Promise<Counters | undefined> {
  const servers = await options.readCounters().catch(() => []);
  if (servers.length === 0 || servers.some(({ error }) => error !== undefined)) return undefined;
  const hits = servers.reduce((sum, server) => sum + (server.hits ?? 0), 0);
  const misses = servers.reduce((sum, server) => sum + (server.misses ?? 0), 0);
  return { hits, reads: hits + misses };
}

function isEnough(before: Counters, after: Counters, { minReads }: WatchOptions): boolean {
  return after.reads - before.reads >= (minReads ?? WATCH_DEFAULTS.minReads);
}

function hitRateBelow(
  before: Counters | undefined,
  after: Counters | undefined,
  options: WatchOptions,
): WatchReason | undefined {
  // Counters that went back are those of a server that was restarted.
  if (before === undefined || after === undefined || after.hits < before.hits) return undefined;
  if (!isEnough(before, after, options)) return undefined;
  const reads = after.reads - before.reads;
  const hitRate = (after.hits - before.hits) / reads;
  return hitRate < (options.minHitRate ?? WATCH_DEFAULTS.minHitRate) ? { kind: "hit-rate", hitRate, reads } : undefined;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}
