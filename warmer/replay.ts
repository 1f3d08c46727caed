import { Client } from "pg";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import { bindParameters, splitStatement } from "./sql.ts";
import { applyFilters, parseTemplate } from "./template.ts";
import type { PgConfig } from "./types.ts";

/** Requests to put to the cache, by key. */
export interface Replay {
  /** "access-log": real requests, by the plan's `replay`; "datasets": the keys that the plan warms. */
  readonly source: "access-log" | "datasets" | "none";
  readonly keys: readonly string[];
}

/** Requests that a replay without an access log makes: enough for a ratio of 0.95 to be right within 0.01. */
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
export async function readReplay(options: {
  readonly plan: WarmPlan;
  readonly postgresUrl: string | PgConfig;
  /** Requests at most. @default the plan's `replay.sample`, or 2000 */
  readonly sample?: number;
  /** Milliseconds for each query. @default 60000 */
  readonly timeoutMs?: number;
}): Promise<Replay> {
  const { plan, postgresUrl } = options;
  const settings = typeof postgresUrl === "string" ? { connectionString: postgresUrl } : postgresUrl;
  const timeoutMs = Math.max(1, Math.floor(options.timeoutMs ?? 60_000));
  const client = new Client({
    ...settings,
    application_name: "hearth",
    statement_timeout: timeoutMs,
    connectionTimeoutMillis: Math.min(timeoutMs, 10_000),
  });
  // An error between two queries also fails the next one, which tells.
  client.on("error", () => undefined);
  try {
    await client.connect().catch((error: Error) => {
      throw new Error(`Cannot read the requests to replay: PostgreSQL cannot be reached: ${reasonOf(error)}.`);
    });
    await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (plan.replay !== undefined) {
      const sample = options.sample ?? plan.replay.sample;
      const query = statement(plan.replay.query, plan);
      const sql = `SELECT * FROM (${query}\n) AS requests ORDER BY random() LIMIT ${sample}`;
      const keys = await column(client, sql, "replay.query");
      return { source: keys.length > 0 ? "access-log" : "none", keys };
    }
    const total = options.sample ?? defaultSample;
    const each = Math.ceil(total / plan.datasets.length);
    const keys: string[] = [];
    for (const dataset of plan.datasets) {
      keys.push(...(await column(client, keysOf(dataset, plan, each), `the keys of dataset "${dataset.name}"`)));
    }
    return { source: keys.length > 0 ? "datasets" : "none", keys };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function statement(sql: string, plan: WarmPlan): string {
  return bindParameters(splitStatement(sql), plan.parameters);
}

/** Selects the first keys of a dataset, made as the warmer makes them. */
function keysOf(dataset: DatasetPlan, plan: WarmPlan, count: number): string {
  const parts = parseTemplate(dataset.key).map((part) =>
    "literal" in part ? quoteText(part.literal) : applyFilters(`source.${quoteName(part.column)}::text`, part.filters),
  );
  const limit = Math.min(count, dataset.limit ?? count);
  const keys = `SELECT ${parts.join(" || ")} AS key FROM (${statement(dataset.query, plan)}\n) AS source LIMIT ${limit}`;
  return `SELECT key FROM (${keys}) AS keys WHERE key IS NOT NULL`;
}

async function column(client: Client, sql: string, what: string): Promise<string[]> {
  try {
    const result = await client.query<unknown[]>({ text: sql, rowMode: "array" });
    if (result.fields.length !== 1) {
      const names = result.fields.map((field) => field.name).join(", ");
      throw new Error(`it returns ${result.fields.length} columns (${names}); allowed is one, the key of a request`);
    }
    return result.rows
      .map(([key]) => key)
      .filter((key) => key !== null)
      .map(String);
  } catch (error) {
    throw new Error(`Cannot read the requests to replay (${what}): ${reasonOf(error)}.`);
  }
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return reasonOf(error.errors[0]);
  }
  return error instanceof Error ? error.message : String(error);
}
