import { wrapQuery } from "./compile.ts";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import { describePostgresError, PostgresSession } from "./postgres/session.ts";
import { type Column, textSql } from "./postgres/types.ts";
import { applyFilters, parseTemplate, unknownColumn } from "./template.ts";
import type { PgConfig } from "./types.ts";

/** Requests to put to the cache, by key. */
export interface Replay {
  /** "access-log": real requests, by the plan's `replay`; "datasets": the keys that the plan warms. */
  readonly source: "access-log" | "datasets" | "none";
  readonly keys: readonly string[];
}

/** Where the requests are read from, and how many. */
export interface ReplayOptions {
  readonly plan: WarmPlan;
  readonly postgresUrl: string | PgConfig;
  /** Requests at most. @default the plan's `replay.sample`, or 2000 */
  readonly sample?: number;
  /** Milliseconds for each query. @default 60000 */
  readonly timeoutMs?: number;
  /** Gives up reading. */
  readonly signal?: AbortSignal;
}

/** Requests without an access log: enough for a ratio of 0.95 to be right within 0.01. */
const defaultSample = 2000;

/**
 * Reads from PostgreSQL which requests to replay: a random sample of the plan's access log where it names
 * one; else the datasets' own keys, each dataset's first ones in the order of its query. The latter says
 * less: it can only tell whether what was to be warmed is there.
 *
 * One connection, one read-only transaction.
 *
 * @throws naming the query and PostgreSQL's reason.
 */
export async function readReplay(options: ReplayOptions): Promise<Replay> {
  const { plan, signal } = options;
  signal?.throwIfAborted();
  const session = await PostgresSession.open(options.postgresUrl);
  // Ending the connection ends the query that it is waiting for.
  const giveUp = () => void session.close();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    signal?.throwIfAborted();
    return await session.transaction(options.timeoutMs ?? 60_000, async () => {
      if (plan.replay !== undefined) {
        const keys = await loggedKeys(session, plan, options.sample ?? plan.replay.sample);
        return { source: keys.length > 0 ? "access-log" : "none", keys };
      }
      const each = Math.ceil((options.sample ?? defaultSample) / plan.datasets.length);
      const keys: string[] = [];
      for (const dataset of plan.datasets) {
        keys.push(...(await datasetKeys(session, dataset, plan, each)));
      }
      return { source: keys.length > 0 ? "datasets" : "none", keys };
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
    await session.close();
  }
}

/** A random sample of the keys in the access log. */
async function loggedKeys(session: PostgresSession, plan: WarmPlan, sample: number): Promise<string[]> {
  const query = plan.replay?.query ?? "";
  return await attempt("replay.query", async () => {
    const rows = await session.rows(
      `SELECT * FROM ${wrapQuery(query, plan.parameters)} ORDER BY random() LIMIT ${sample}`,
    );
    const width = rows[0]?.length ?? 1;
    if (width !== 1) {
      throw new Error(`it returns ${width} columns; allowed is one, the key of a request`);
    }
    return texts(rows);
  });
}

/** The first keys of a dataset, made as the warmer makes them; rows without a key are left out. */
export async function datasetKeys(
  session: PostgresSession,
  dataset: DatasetPlan,
  plan: WarmPlan,
  count: number,
): Promise<string[]> {
  return await attempt(`the keys of dataset "${dataset.name}"`, async () => {
    const columns = await session.describe(dataset.query, plan.parameters);
    const limit = Math.min(count, dataset.limit ?? count);
    const from = wrapQuery(dataset.query, plan.parameters);
    const keys = `SELECT ${keySql(dataset.key, columns)} AS key`;
    const { type } = dataset.value;
    const select =
      type === "set" || type === "zset"
        ? // Many rows make one key.
          `SELECT key FROM (${keys}, row_number() OVER () AS place FROM ${from}) AS k GROUP BY key ORDER BY min(place)`
        : `${keys} FROM ${from}`;
    return texts(await session.rows(`${select} LIMIT ${limit}`));
  });
}

function keySql(template: string, columns: readonly Column[]): string {
  return parseTemplate(template)
    .map((part) => {
      if ("literal" in part) {
        return `'${part.literal.replaceAll("'", "''")}'`;
      }
      const column = columns.find(({ name }) => name === part.column);
      if (column === undefined) {
        const names = columns.map(({ name }) => name);
        throw new Error(unknownColumn(part.column, names));
      }
      return applyFilters(textSql(column), part.filters);
    })
    .join(" || ");
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
