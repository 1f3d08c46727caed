import type { Latency, LatencyReport, ResponseTimes } from "../contract/warming.ts";
import { keyParser, missQuery, type ParsedKey } from "./lookup.ts";
import { percentile } from "./percentile.ts";
import type { WarmPlan } from "./plan.ts";
import { PostgresSession } from "./postgres/session.ts";
import type { Column } from "./postgres/types.ts";
import type { CacheReader } from "./reader.ts";
import type { ReplayedKey } from "./replay.ts";
import type { PgConfig, WrittenValue } from "./types.ts";

/** What response times are measured with. */
export interface MeasureOptions {
  readonly plan: WarmPlan;
  readonly postgresUrl: string | PgConfig;
  /** Milliseconds that asking PostgreSQL may take together; what was measured by then is the result. @default 30 */
  readonly budgetMs?: number;
}

/** A connection for {@link measureResponseTimes}, made while other things are done; null where there is none to be had. */
export async function openLookups({ postgresUrl }: MeasureOptions): Promise<PostgresSession | null> {
  return await PostgresSession.open(postgresUrl).catch(() => null);
}

/** Keys that are asked for, on either side. */
const mostKeys = 60;
/** So many lookups tell what a miss takes, once a third of the time for them is over. */
const enoughMisses = 20;
/** Requests that are not counted: the first ones meet cold code and cold connections. */
const warmUps = 10;

interface Measured {
  readonly dataset: string;
  readonly hitMs: number;
  readonly missMs: number;
}

/**
 * Times the same keys twice, one request after the other: read from Redis over the application's endpoint, and
 * answered by PostgreSQL. The keys are taken at random from the requests that hit, so that what is asked for more
 * often counts more.
 *
 * Null where no key of a dataset hit, or PostgreSQL answered none in time. Never rejects because of a single query.
 */
export async function measureResponseTimes(
  reader: CacheReader,
  hits: readonly ReplayedKey[],
  { plan, budgetMs = 30 }: MeasureOptions,
  opening: Promise<PostgresSession | null>,
  signal?: AbortSignal,
): Promise<LatencyReport | null> {
  const parse = keyParser(plan);
  const drawn = draw(hits, mostKeys).flatMap((key) => parse(key) ?? []);
  if (drawn.length === 0) return null;
  const hitMs = await timeHits(reader, drawn, signal);
  const session = await opening;
  if (session === null) return null;
  const missMs = await timeMisses(session, drawn, plan, budgetMs, signal);
  const measured = drawn.flatMap(({ key, dataset }): Measured[] => {
    const [hit, miss] = [hitMs.get(key), missMs.get(key)];
    return hit === undefined || miss === undefined ? [] : [{ dataset: dataset.name, hitMs: hit, missMs: miss }];
  });
  return reportOf(measured, plan);
}

/** Milliseconds by key; without those that expired, or were evicted, since they were replayed. */
async function timeHits(
  reader: CacheReader,
  keys: readonly ParsedKey[],
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { key, dataset } of [...keys.slice(0, warmUps), ...keys]) {
    signal?.throwIfAborted();
    const start = performance.now();
    const value = await reader.value(key, typeOf(dataset));
    // The second time of a key that was asked for twice counts.
    if (value !== undefined) times.set(key, performance.now() - start);
  }
  return times;
}

/** Milliseconds by key; without those whose query failed, or that there was no time for. */
async function timeMisses(
  session: PostgresSession,
  keys: readonly ParsedKey[],
  plan: WarmPlan,
  budgetMs: number,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  const columns = new Map<string, readonly Column[]>();
  const end = performance.now() + budgetMs;
  const soon = end - (2 / 3) * budgetMs;
  const isTime = (): boolean => performance.now() < (times.size < enoughMisses ? end : soon);
  const waiting = [...keys.slice(0, 1), ...keys];
  while (waiting.length > 0 && session.usable && isTime()) {
    signal?.throwIfAborted();
    try {
      await session.transaction(end - performance.now(), async () => {
        for (let next = waiting.shift(); next !== undefined && isTime(); next = waiting.shift()) {
          const { dataset, key } = next;
          const known = columns.get(dataset.name) ?? (await columnsOf(session, dataset, plan));
          columns.set(dataset.name, known);
          const sql = missQuery(next, known, plan);
          const start = performance.now();
          await session.rows(sql);
          times.set(key, performance.now() - start);
        }
      });
    } catch {
      // A key that does not fit its column's type, or a query that takes longer than there is time: the others go on,
      // in a transaction of their own.
    }
  }
  return times;
}

async function columnsOf(
  session: PostgresSession,
  { lookup, query }: ParsedKey["dataset"],
  plan: WarmPlan,
): Promise<readonly Column[]> {
  return lookup === undefined ? await session.describe(query, plan.parameters) : [];
}

/** Keys at random, by the number of their requests; each at most once. */
function draw(keys: readonly ReplayedKey[], most: number): string[] {
  // The smallest of n exponential numbers is one that is divided by n: sorting by it draws by weight.
  return keys
    .map(({ key, requests }) => ({ key, order: -Math.log(1 - Math.random()) / requests }))
    .sort((a, b) => a.order - b.order)
    .slice(0, most)
    .map(({ key }) => key);
}

function typeOf({ value }: ParsedKey["dataset"]): WrittenValue["type"] {
  return value.type === "json" ? "string" : value.type;
}

function reportOf(measured: readonly Measured[], plan: WarmPlan): LatencyReport | null {
  const all = latency(measured);
  if (all === null) return null;
  const datasets = plan.datasets.flatMap(({ name }) => {
    const found = latency(measured.filter(({ dataset }) => dataset === name));
    return found === null ? [] : [{ name, ...found }];
  });
  return { ...all, datasets };
}

function latency(measured: readonly Measured[]): Latency | null {
  if (measured.length === 0) return null;
  const hits = times(measured.map(({ hitMs }) => hitMs));
  const misses = times(measured.map(({ missMs }) => missMs));
  const faster = (miss: number, hit: number): number => Number((miss / hit).toFixed(2));
  return { hits, misses, speedup: { p50: faster(misses.p50Ms, hits.p50Ms), p95: faster(misses.p95Ms, hits.p95Ms) } };
}

function times(values: readonly number[]): ResponseTimes {
  // What takes no time by the clock still takes some.
  const at = (share: number): number => Math.max(0.001, Number(percentile(values, share).toFixed(3)));
  return { samples: values.length, p50Ms: at(0.5), p95Ms: at(0.95) };
}
