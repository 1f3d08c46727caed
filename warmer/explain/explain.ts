import pg from "pg";
import { compileDataset } from "../compile.ts";
import { count, table } from "../figures.ts";
import { type InspectOptions, inspectDatasets } from "../inspect.ts";
import type { PostgresSession } from "../postgres/session.ts";
import { adviseIndex } from "./advice.ts";
import { findScans, type PlanNode, type Scan, servedByIndex } from "./scans.ts";

/** Below this many rows a table is read faster from one end to the other than through an index. */
const SMALL_ROWS = 1000;

/** A table that is read from one end to the other, and need not be. */
export interface SlowScan {
  /** `schema.table`. */
  readonly table: string;
  /** PostgreSQL's estimate of the table's rows. */
  readonly tableRows: number;
  /** What rows are chosen by; absent where all are read. */
  readonly filter?: string;
  /** What they are sorted by; absent where they are not. */
  readonly sort?: readonly string[];
  /** The statement to run; absent where no index would help. */
  readonly createIndex?: string;
  /** True where the table is so small that an index would not matter. */
  readonly small: boolean;
}

/** How PostgreSQL will run the query of a dataset. */
export interface ExplainedDataset {
  readonly name: string;
  readonly priority: string;
  /** PostgreSQL's estimate, limit included. */
  readonly rows: number;
  /** PostgreSQL's units: about one page read in order. */
  readonly cost: number;
  readonly scans: readonly SlowScan[];
}

/**
 * Has PostgreSQL plan the query of every dataset (EXPLAIN: nothing is run), and looks for tables that are read from one
 * end to the other although a filter or a sort is wanted.
 *
 * @throws naming the dataset whose query is wrong.
 */
export async function explainPlan(options: InspectOptions): Promise<ExplainedDataset[]> {
  return await inspectDatasets(options, async (session, dataset, plan) => {
    const columns = await session.describe(dataset.query, plan.parameters);
    const { select } = compileDataset(dataset, columns, plan.parameters);
    const root = await explain(session, select);
    const { name, priority } = dataset;
    const scans = await slowScans(session, select, root);
    return { name, priority, rows: root["Plan Rows"], cost: Math.round(root["Total Cost"] * 100) / 100, scans };
  });
}

/** PostgreSQL's plan of a query. */
export async function explain(session: PostgresSession, select: string): Promise<PlanNode> {
  const rows = await session.rows(`EXPLAIN (FORMAT JSON, VERBOSE) ${select}`);
  const [[[{ Plan }]]] = rows as [[[{ readonly Plan: PlanNode }]]];
  return Plan;
}

async function slowScans(session: PostgresSession, select: string, root: PlanNode): Promise<SlowScan[]> {
  const suspects = findScans(root).filter(
    ({ node, sortKeys }) => node["Node Type"] === "Seq Scan" && (node.Filter !== undefined || sortKeys.length > 0),
  );
  if (suspects.length === 0) return [];
  // A small table is read as a whole although it has the index: asked for another way, PostgreSQL shows it.
  await session.rows("SET LOCAL enable_seqscan = off");
  const otherwise = findScans(await explain(session, select));
  await session.rows("SET LOCAL enable_seqscan = on");
  const found: SlowScan[] = [];
  for (const scan of suspects) {
    const same = otherwise.filter((other) => other.alias === scan.alias && other.table === scan.table);
    if (same.length > 0 && same.every(servedByIndex)) continue;
    found.push(await describeScan(session, scan));
  }
  return found;
}

async function describeScan(session: PostgresSession, scan: Scan): Promise<SlowScan> {
  const name = `${pg.escapeIdentifier(scan.schema)}.${pg.escapeIdentifier(scan.table)}`;
  const [row] = await session.rows(
    `SELECT reltuples::float8 FROM pg_class WHERE oid = to_regclass(${pg.escapeLiteral(name)})`,
  );
  // -1: never analyzed.
  const known = Number(row?.[0] ?? -1);
  const tableRows = known < 0 ? scan.node["Plan Rows"] : known;
  const createIndex = adviseIndex(scan, scan.node["Plan Rows"] / Math.max(1, tableRows));
  return {
    table: `${scan.schema}.${scan.table}`,
    tableRows,
    ...(scan.node.Filter !== undefined && { filter: scan.node.Filter }),
    ...(scan.sortKeys.length > 0 && { sort: scan.sortKeys }),
    ...(createIndex !== undefined && { createIndex }),
    small: tableRows < SMALL_ROWS,
  };
}

/** Indexes that are missing where it matters, each once. */
export function missingIndexes(datasets: readonly ExplainedDataset[]): string[] {
  const statements = datasets.flatMap(({ scans }) =>
    scans.flatMap(({ small, createIndex }) => (small || createIndex === undefined ? [] : [createIndex])),
  );
  return [...new Set(statements)];
}

/** For people: a line for each dataset, what is slow in it, and the statements to run. */
export function formatExplained(datasets: readonly ExplainedDataset[]): string {
  const rows = datasets.map(({ name, priority, rows, cost, scans }) => [
    ...[name, priority, count(rows), count(cost)],
    scans.length === 0 ? "-" : scans.map((scan) => scan.table).join(", "),
  ]);
  const lines = [table(["dataset", "priority", "rows", "cost", "read as a whole"], rows, "rows cost")];
  for (const { name, scans } of datasets) {
    for (const scan of scans) {
      const by = [
        ...(scan.filter === undefined ? [] : [`filter ${scan.filter}`]),
        ...(scan.sort === undefined ? [] : [`sort by ${scan.sort.join(", ")}`]),
      ];
      lines.push(`${name}: ${scan.table} (about ${count(scan.tableRows)} rows) is read as a whole: ${by.join("; ")}`);
      if (scan.createIndex === undefined)
        lines.push("  most of its rows are wanted, or no simple index would find them");
      else lines.push(`  ${scan.small ? "small enough to stay so; when it grows: " : ""}${scan.createIndex}`);
    }
  }
  const missing = missingIndexes(datasets);
  if (missing.length === 0) lines.push("No index is missing.");
  else lines.push(`${missing.length === 1 ? "1 index is" : `${missing.length} indexes are`} missing; run:`, ...missing);
  return lines.join("\n");
}
