import { wrapQuery } from "./compile.ts";
import { neededSample } from "./confidence.ts";
import { keySql } from "./key-sql.ts";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import { describePostgresError, PostgresSession } from "./postgres/session.ts";
import { shardCondition } from "./shard.ts";
import { Tuple } from "./tuple.ts";
import type { PgConfig, Shard } from "./types.ts";
import { usageKeys } from "./usage.ts";

/** Requests for one key. */
export interface ReplayedKey {
  readonly key: string;
  /** How many of the requests replayed ask for it. */
  readonly requests: number;
}

/** Requests to put to the cache. */
export interface Replay {
  /** "access-log": real requests, by the plan's `replay`; "datasets": the keys that the plan warms. */
  readonly source: "access-log" | "datasets" | "none";
  readonly keys: readonly ReplayedKey[];
  /** Requests of which these are a random sample; PostgreSQL's estimate where they are very many. */
  readonly population: number;
}

/** Where the requests are read from, and how many. */
export interface ReplayOptions {
  readonly plan: WarmPlan;
  readonly postgresUrl: string | PgConfig;
  /** Only requests for keys of this part. @default all */
  readonly shard?: Shard | undefined;
  /** Requests at most. @default the plan's `replay.sample`, or as many as {@link neededSample} says */
  readonly sample?: number;
  /** Milliseconds for each query. @default 60000 */
  readonly timeoutMs?: number;
  /** Gives up reading. */
  readonly signal?: AbortSignal;
}

/** A population that PostgreSQL takes for larger is not counted: its exact size would hardly change the sample. */
const countUpTo = 1_000_000;

/**
 * Reads from PostgreSQL which requests to replay: a random sample of the plan's access log where it names
 * one, in `replay` or in `usage`; else of the datasets' own keys, which says less: it can only tell whether what was to be warmed is there.
 *
 * One connection, one read-only transaction.
 *
 * @throws naming the query and PostgreSQL's reason.
 */
export async function readReplay(options: ReplayOptions): Promise<Replay> {
  const { plan, signal, shard } = options;
  signal?.throwIfAborted();
  const stop = signal ?? new AbortController().signal;
  const session = await PostgresSession.open(options.postgresUrl);
  // Ending the connection ends the query that it is waiting for.
  const giveUp = () => void session.close();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    signal?.throwIfAborted();
    return await session.transaction(options.timeoutMs ?? 60_000, async () => {
      const most = options.sample ?? plan.replay?.sample;
      if (plan.replay !== undefined) {
        const select = await attempt("replay.query", () => loggedKeys(session, plan));
        return await attempt("replay.query", () => sampleOf(session, "access-log", select, most, shard, stop));
      }
      const used = await attempt("usage.query", () => usageKeys(session, plan));
      if (used !== undefined)
        return await attempt("usage.query", () => sampleOf(session, "access-log", used, most, shard, stop));
      const selects: string[] = [];
      for (const dataset of plan.datasets) {
        const what = `the keys of dataset "${dataset.name}"`;
        selects.push(`(${await attempt(what, () => keysSelect(session, dataset, plan, dataset.limit))})`);
      }
      return await attempt("the keys of the datasets", () =>
        sampleOf(session, "datasets", selects.join("\nUNION ALL\n"), most, shard, stop),
      );
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
    await session.close();
  }
}

/** A random sample of the keys that `select` returns, each with the times that it was drawn. */
async function sampleOf(
  session: PostgresSession,
  source: "access-log" | "datasets",
  select: string,
  most: number | undefined,
  shard: Shard | undefined,
  signal: AbortSignal,
): Promise<Replay> {
  const mine = shard === undefined ? "" : ` AND ${shardCondition("key::text", shard)}`;
  const from = `(\n${select}\n) AS asked (key) WHERE key IS NOT NULL${mine}`;
  const estimate = (await session.estimateRows(`SELECT key FROM ${from}`)) ?? 0;
  const counted =
    estimate > countUpTo ? undefined : Number((await session.rows(`SELECT count(*) FROM ${from}`))[0]?.[0]);
  const needed = neededSample(counted ?? Number.POSITIVE_INFINITY);
  const size = Math.min(needed, most ?? needed);
  const keys = await requestsOf(
    session,
    `SELECT key::text, count(*)::text FROM (SELECT key FROM ${from} ORDER BY random() LIMIT ${size}) AS drawn GROUP BY 1`,
    signal,
  );
  const drawn = keys.reduce((sum, { requests }) => sum + requests, 0);
  const population = drawn < size ? drawn : (counted ?? Math.max(estimate, drawn));
  return { source: drawn > 0 ? source : "none", keys, population };
}

/** The rows of a query for keys and numbers, as they come: thousands as a result of pg are tens of megabytes. */
async function requestsOf(session: PostgresSession, select: string, signal: AbortSignal): Promise<ReplayedKey[]> {
  const keys: ReplayedKey[] = [];
  const tuple = new Tuple(2);
  const row = (bytes: Buffer, start: number, end: number): void => {
    tuple.read(bytes, start, end);
    const text = (column: number): string => {
      const at = tuple.starts[column] as number;
      return tuple.bytes.toString("utf8", at, at + (tuple.lengths[column] as number));
    };
    keys.push({ key: text(0), requests: Number(text(1)) });
  };
  try {
    await session.copy(`COPY (${select}) TO STDOUT (FORMAT binary)`, { row, pressure: () => null }, signal);
  } catch (error) {
    throw new Error(describePostgresError(error));
  }
  return keys;
}

/** The keys in the access log. */
async function loggedKeys(session: PostgresSession, plan: WarmPlan): Promise<string> {
  const query = plan.replay?.query ?? "";
  const columns = await session.describe(query, plan.parameters);
  if (columns.length !== 1) {
    throw new Error(`it returns ${columns.length} columns; allowed is one, the key of a request`);
  }
  return `SELECT * FROM ${wrapQuery(query, plan.parameters)}`;
}

/** The first keys of a dataset, made as the warmer makes them; rows without a key are left out. */
export async function datasetKeys(
  session: PostgresSession,
  dataset: DatasetPlan,
  plan: WarmPlan,
  count: number,
): Promise<string[]> {
  return await attempt(`the keys of dataset "${dataset.name}"`, async () => {
    const limit = Math.min(count, dataset.limit ?? count);
    return texts(await session.rows(await keysSelect(session, dataset, plan, limit)));
  });
}

/** A SELECT of the dataset's keys, in the order of its query. */
async function keysSelect(
  session: PostgresSession,
  dataset: DatasetPlan,
  plan: WarmPlan,
  limit: number | undefined,
): Promise<string> {
  const columns = await session.describe(dataset.query, plan.parameters);
  const from = wrapQuery(dataset.query, plan.parameters);
  const keys = `SELECT ${keySql(dataset.key, columns)} AS key`;
  const { type } = dataset.value;
  const select =
    type === "set" || type === "zset"
      ? // Many rows make one key.
        `SELECT key FROM (${keys}, row_number() OVER () AS place FROM ${from}) AS k GROUP BY key ORDER BY min(place)`
      : `${keys} FROM ${from}`;
  return limit === undefined ? select : `${select} LIMIT ${limit}`;
}

function texts(rows: readonly unknown[][]): string[] {
  return rows
    .map(([key]) => key)
    .filter((key) => key !== null)
    .map(String);
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`Cannot read the requests to replay (${what}): ${describePostgresError(error)}`);
  }
}
