import type { WarmSource } from "../contract/warming.ts";
import { compileDataset } from "./compile.ts";
import { count, keyCount, table } from "./figures.ts";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import { describePostgresError, PostgresSession } from "./postgres/session.ts";
import { datasetKeys } from "./replay.ts";
import { openSource } from "./source.ts";

/** What a dataset would write. */
export interface DatasetPreview {
  readonly name: string;
  readonly priority: string;
  readonly rows: number;
  /** Its first keys. */
  readonly keys: readonly string[];
}

/** Milliseconds for each query. */
const timeoutMs = 60_000;

/**
 * Runs a plan's queries and tells what they would write; Redis is not looked at.
 *
 * @throws naming the dataset whose query fails.
 */
export async function previewPlan(options: {
  readonly plan: WarmPlan;
  readonly source: WarmSource;
  readonly signal?: AbortSignal;
}): Promise<DatasetPreview[]> {
  const source = await openSource(options.source, { signal: options.signal });
  try {
    const session = await PostgresSession.open(source.url);
    try {
      return await session.transaction(timeoutMs, () => previewDatasets(session, options.plan, options.signal));
    } finally {
      await session.close();
    }
  } finally {
    await source.stop();
  }
}

async function previewDatasets(
  session: PostgresSession,
  plan: WarmPlan,
  signal: AbortSignal | undefined,
): Promise<DatasetPreview[]> {
  const previews: DatasetPreview[] = [];
  for (const dataset of plan.datasets) {
    signal?.throwIfAborted();
    const rows = await countRows(session, dataset, plan).catch((error) => {
      throw new Error(`dataset "${dataset.name}": query: ${describePostgresError(error)}`);
    });
    const keys = await datasetKeys(session, dataset, plan, 3);
    previews.push({ name: dataset.name, priority: dataset.priority, rows, keys });
  }
  return previews;
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
