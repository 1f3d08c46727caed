import { PostgresSession } from "./postgres/session.ts";
import type { WarmOptions, WarmOutcome } from "./types.ts";
import { selectByUsage, type UsageSelection } from "./usage.ts";

const timeoutMs = 60_000;

/**
 * Warms what the plan's access log asks for: looks at the log, then has `run` warm the plan that comes of it. Datasets
 * that nobody asked for are in the outcome as skipped. A log that cannot be read is a run that has failed.
 */
export async function warmByUsage(
  options: WarmOptions,
  run: (options: WarmOptions) => Promise<WarmOutcome>,
): Promise<WarmOutcome> {
  const began = Date.now();
  let selection: UsageSelection;
  try {
    selection = await look(options);
  } catch (error) {
    return notStarted(options, began, error instanceof Error ? error.message : String(error));
  }
  const left =
    options.deadlineMs === undefined ? {} : { deadlineMs: Math.max(1, options.deadlineMs - (Date.now() - began)) };
  const outcome = await run({ ...options, ...left, plan: selection.plan });
  const skipped = selection.skipped.map(({ name, priority }) => ({
    ...{ name, priority, status: "skipped" as const, rows: 0, keys: 0, failed: 0, skipped: 0, bytes: 0, durationMs: 0 },
    ...{ failures: {}, examples: [], warnings: ["nobody asked for it, by the access log"] },
  }));
  return {
    ...outcome,
    datasets: [...outcome.datasets, ...skipped],
    warnings: [...selection.warnings, ...outcome.warnings],
  };
}

/** The outcome of a run that did not come so far as to connect to Redis. */
function notStarted(options: WarmOptions, began: number, error: string): WarmOutcome {
  const nothing = { rows: 0, keys: 0, failed: 0, skipped: 0, bytes: 0, durationMs: 0, failures: {}, examples: [] };
  const datasets = options.plan.datasets.map(({ name, priority }) => {
    const status = "skipped" as const;
    return { ...nothing, name, priority, status, warnings: [], error: "the run could not start; see its error" };
  });
  return {
    ...{ ok: false, error, startedAt: new Date(began).toISOString(), durationMs: Date.now() - began },
    ...{ rows: 0, keys: 0, failed: 0, bytes: 0, rate: 0, usedMemory: { before: 0, after: 0 }, evictedKeys: 0 },
    ...{ datasets, engine: null, warnings: [], samples: [], latency: null },
  };
}

async function look({ plan, postgresUrl, signal }: WarmOptions): Promise<UsageSelection> {
  signal?.throwIfAborted();
  const session = await PostgresSession.open(postgresUrl);
  const giveUp = () => void session.close();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    signal?.throwIfAborted();
    return await session.transaction(timeoutMs, () => selectByUsage(session, plan));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
    await session.close();
  }
}
