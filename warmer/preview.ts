import { compileDataset } from "./compile.ts";
import { count, keyCount, table } from "./figures.ts";
import { type InspectOptions, inspectDatasets } from "./inspect.ts";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import type { PostgresSession } from "./postgres/session.ts";
import { datasetKeys } from "./replay.ts";

/** What a dataset would write. */
export interface DatasetPreview {
  readonly name: string;
  readonly priority: string;
  readonly rows: number;
  /** Its first keys. */
  readonly keys: readonly string[];
}

/**
 * Runs a plan's queries and tells what they would write; Redis is not looked at.
 *
 * @throws naming the dataset whose query fails.
 */
export async function previewPlan(options: InspectOptions): Promise<DatasetPreview[]> {
  return await inspectDatasets(options, async (session, dataset, plan) => {
    const { name, priority } = dataset;
    const rows = await countRows(session, dataset, plan);
    return { name, priority, rows, keys: await datasetKeys(session, dataset, plan, 3) };
  });
}

async function countRows(session: PostgresSession, dataset: DatasetPlan, plan: WarmPlan): Promise<number> {
  const columns = await session.describe(dataset.query, plan.parameters);
  const { select } = compileDataset(dataset, columns, plan.parameters);
  const rows = await session.rows(`SELECT count(*)::text FROM (${select}) AS rows`);
  return Number(rows[0]?.[0] ?? 0);
}

/** A preview for people. */
export function formatPreview(previews: readonly DatasetPreview[]): string {
  const rows = previews.map(({ name, priority, rows, keys }) => [name, priority, count(rows), keys.join(", ")]);
  const total = previews.reduce((sum, preview) => sum + preview.rows, 0);
  return `${table(["dataset", "priority", "keys", "first"], rows, "keys")}\n${keyCount(total)} would be written; nothing was.`;
}
