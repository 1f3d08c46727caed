import { wrapQuery } from "./compile.ts";
import { keySql } from "./key-sql.ts";
import type { DatasetPlan, UsagePlan, WarmPlan } from "./plan.ts";
import { describePostgresError, type PostgresSession } from "./postgres/session.ts";
import { splitStatement } from "./sql.ts";
import { listNames } from "./suggest.ts";
import { parseTemplate } from "./template.ts";

/** A plan as its access log has it warmed. */
export interface UsageSelection {
  /** The plan's datasets, those asked for most first; some may be missing, some may have another query. */
  readonly plan: WarmPlan;
  /** Datasets that nobody asked for, which are left out. */
  readonly skipped: readonly DatasetPlan[];
  readonly warnings: readonly string[];
}

/** Patterns of keys by their requests: the first was asked for most. */
type Patterns = readonly string[];

/**
 * Lets a plan's access log decide which datasets or keys are warmed and in which order. A plan without `usage` stays as
 * it is; so does one whose log is empty, since without traffic nothing can be told from it.
 *
 * @throws naming `usage.query` and the reason.
 */
export async function selectByUsage(session: PostgresSession, plan: WarmPlan): Promise<UsageSelection> {
  const { usage } = plan;
  if (usage === undefined) return { plan, skipped: [], warnings: [] };
  try {
    const columns = await usageColumns(session, usage, plan);
    const [any] = await session.rows(`SELECT 1 FROM ${wrapQuery(usage.query, plan.parameters)} LIMIT 1`);
    if (any === undefined) {
      const warning = "the access log has no requests: every dataset is warmed, in the plan's order";
      return { plan, skipped: [], warnings: [warning] };
    }
    const ranked = columns.includes("pattern")
      ? rank(plan, await topPatterns(session, usage, plan, columns))
      : { datasets: plan.datasets, skipped: [] };
    const datasets: DatasetPlan[] = [];
    for (const dataset of ranked.datasets) {
      datasets.push(dataset.usage === "keys" ? await onlyUsedKeys(session, dataset, usage, plan, columns) : dataset);
    }
    const names = ranked.skipped.map(({ name }) => name);
    const warnings = names.length === 0 ? [] : [`left out, because nobody asked for them: ${listNames(names)}`];
    return { plan: { ...plan, datasets }, skipped: ranked.skipped, warnings };
  } catch (error) {
    throw new Error(`usage.query: ${describePostgresError(error)}`);
  }
}

/** A SELECT of the keys in a plan's access log, for the replay; undefined where it has none. */
export async function usageKeys(session: PostgresSession, plan: WarmPlan): Promise<string | undefined> {
  if (plan.usage === undefined) return undefined;
  const columns = await session.describe(plan.usage.query, plan.parameters);
  if (!columns.some(({ name }) => name === "key")) return undefined;
  return `SELECT source.key::text FROM ${wrapQuery(plan.usage.query, plan.parameters)}`;
}

async function usageColumns(session: PostgresSession, usage: UsagePlan, plan: WarmPlan): Promise<string[]> {
  const names = (await session.describe(usage.query, plan.parameters)).map(({ name }) => name);
  const keys = plan.datasets.some((dataset) => dataset.usage === "keys");
  if (keys && !names.includes("key")) {
    throw new Error(`it returns ${listNames(names)}; a dataset with \`usage: keys\` needs a column "key"`);
  }
  if (!names.includes("pattern") && !names.includes("key")) {
    throw new Error(`it returns ${listNames(names)}; allowed are "key", "pattern" and "response_time"`);
  }
  return names;
}

/** Number of requests, then response time, which counts nothing where it is not known. */
function mostFirst(columns: readonly string[]): string {
  const time = columns.includes("response_time") ? ", avg(source.response_time) DESC NULLS LAST" : "";
  return `count(*) DESC${time}`;
}

async function topPatterns(
  session: PostgresSession,
  usage: UsagePlan,
  plan: WarmPlan,
  columns: readonly string[],
): Promise<Patterns> {
  const rows = await session.rows(
    `SELECT source.pattern::text FROM ${wrapQuery(usage.query, plan.parameters)} WHERE source.pattern IS NOT NULL ` +
      `GROUP BY source.pattern ORDER BY ${mostFirst(columns)}, 1 LIMIT ${usage.patterns}`,
  );
  return rows.map(([pattern]) => String(pattern));
}

/** The datasets by the first pattern that asks for them. Priorities still come first: the run is by priority. */
function rank(plan: WarmPlan, patterns: Patterns): { datasets: DatasetPlan[]; skipped: DatasetPlan[] } {
  const ranked = plan.datasets.map((dataset) => {
    const place = patterns.findIndex((pattern) => overlap(keyPattern(dataset.key), pattern));
    return { dataset, place: place < 0 ? Number.POSITIVE_INFINITY : place };
  });
  const asked = ranked.filter(({ place }) => plan.usage?.others !== "skip" || Number.isFinite(place));
  // Not a difference: two datasets that nobody asked for are equal.
  asked.sort((a, b) => (a.place === b.place ? 0 : a.place < b.place ? -1 : 1));
  const skipped = ranked.filter((each) => !asked.includes(each));
  return { datasets: asked.map(({ dataset }) => dataset), skipped: skipped.map(({ dataset }) => dataset) };
}

/** The keys of a template as a pattern: `*` for each column. */
export function keyPattern(template: string): string {
  return parseTemplate(template)
    .map((part) => ("literal" in part ? part.literal : "*"))
    .join("");
}

/** Whether a key may match both patterns, in which `*` stands for any text. */
export function overlap(a: string, b: string): boolean {
  if (a === "" && b === "") return true;
  const memory = new Map<number, boolean>();
  const look = (i: number, j: number): boolean => {
    const place = i * (b.length + 1) + j;
    const known = memory.get(place);
    if (known !== undefined) return known;
    let found: boolean;
    if (i === a.length && j === b.length) found = true;
    else if (a[i] === "*") found = look(i + 1, j) || (j < b.length && look(i, j + 1));
    else if (b[j] === "*") found = look(i, j + 1) || (i < a.length && look(i + 1, j));
    else found = i < a.length && j < b.length && a[i] === b[j] && look(i + 1, j + 1);
    memory.set(place, found);
    return found;
  };
  return look(0, 0);
}

/** The dataset with a query that returns only rows whose key is in the log, those asked for most first. */
async function onlyUsedKeys(
  session: PostgresSession,
  dataset: DatasetPlan,
  usage: UsagePlan,
  plan: WarmPlan,
  columns: readonly string[],
): Promise<DatasetPlan> {
  const available = await session.describe(dataset.query, plan.parameters);
  const used =
    `SELECT source.key::text AS key, row_number() OVER (ORDER BY ${mostFirst(columns)}, source.key::text) AS place ` +
    `FROM (\n${splitStatement(usage.query)}\n) AS source WHERE source.key IS NOT NULL GROUP BY source.key::text`;
  const query =
    `SELECT source.* FROM (\n${splitStatement(dataset.query)}\n) AS source ` +
    `JOIN (${used}) AS used ON used.key = ${keySql(dataset.key, available)} ORDER BY used.place`;
  return { ...dataset, query };
}
