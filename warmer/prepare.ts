import { compileDataset } from "./compile.ts";
import type { PlanParameters } from "./plan.ts";
import { PostgresSession } from "./postgres/session.ts";
import type { RunCheckpoint } from "./resume/checkpoint.ts";
import type { DatasetTask } from "./task.ts";
import { showQuery } from "./task.ts";
import type { PgConfig, Shard } from "./types.ts";

/** What all datasets of a run have in common. */
export interface PrepareOptions {
  readonly source: string | PgConfig;
  readonly parameters: PlanParameters;
  readonly shard: Shard | undefined;
  readonly statementTimeoutMs: number;
  /** Present where the run notes how far it is. */
  readonly checkpoint?: RunCheckpoint | undefined;
}

/**
 * Has PostgreSQL describe every query, and compiles it: a wrong query is found before the first key is written.
 * @returns the session, for the datasets to go on with
 * @throws Error that lists every dataset that cannot run, with query and cause
 */
export async function prepareDatasets(
  tasks: readonly DatasetTask[],
  options: PrepareOptions,
): Promise<PostgresSession> {
  const session = await PostgresSession.open(options.source);
  const problems: string[] = [];
  for (const task of tasks) {
    try {
      await session.transaction(options.statementTimeoutMs, () => prepareOne(session, task, options));
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      const name = cause.includes(`dataset "${task.plan.name}"`) ? "" : `dataset "${task.plan.name}": `;
      task.fail(`${name}${cause}. Query: ${showQuery(task.plan.query)}`);
      problems.push(task.error ?? cause);
      if (!session.usable) break;
    }
  }
  if (problems.length === 0) return session;
  await session.close();
  throw new Error(problems.join("\n"));
}

/** Compiles one dataset again, for the place where it goes on. */
export async function prepareAgain(
  session: PostgresSession,
  task: DatasetTask,
  options: PrepareOptions,
): Promise<void> {
  await session.transaction(options.statementTimeoutMs, () => prepareOne(session, task, options));
}

async function prepareOne(session: PostgresSession, task: DatasetTask, options: PrepareOptions): Promise<void> {
  const columns = await session.describe(task.plan.query, options.parameters);
  const { parameters, shard } = options;
  const resume = options.checkpoint === undefined ? undefined : { after: task.resumedAfter };
  task.compiled = compileDataset(task.plan, columns, parameters, shard, resume);
  // PostgreSQL knows nothing of hashes, and takes a part for 0.5 % of the rows.
  const whole = shard === undefined ? task.compiled : compileDataset(task.plan, columns, parameters, undefined, resume);
  const rows = await session.estimateRows(whole.select);
  task.total = rows === undefined ? undefined : Math.ceil(rows / (shard?.count ?? 1));
}
