import type { WarmSource } from "../contract/warming.ts";
import type { DatasetPlan, WarmPlan } from "./plan.ts";
import { describePostgresError, PostgresSession } from "./postgres/session.ts";
import { openSource } from "./source.ts";
import { selectByUsage } from "./usage.ts";

/** A plan, and where its rows come from. */
export interface InspectOptions {
  readonly plan: WarmPlan;
  readonly source: WarmSource;
  readonly signal?: AbortSignal;
}

/** Milliseconds for each query. */
const timeoutMs = 60_000;

/**
 * Looks at each dataset that a plan would warm, in its order, in one read-only transaction. Redis has no part in it.
 *
 * @throws naming the dataset whose query fails, and PostgreSQL's reason.
 */
export async function inspectDatasets<T>(
  { plan, source, signal }: InspectOptions,
  look: (session: PostgresSession, dataset: DatasetPlan, plan: WarmPlan) => Promise<T>,
): Promise<T[]> {
  const opened = await openSource(source, { signal });
  try {
    const session = await PostgresSession.open(opened.url);
    // Ending the connection ends the query that it is waiting for.
    const giveUp = () => void session.close();
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      signal?.throwIfAborted();
      return await session.transaction(timeoutMs, async () => {
        const chosen = (await selectByUsage(session, plan)).plan;
        const found: T[] = [];
        for (const dataset of chosen.datasets) {
          signal?.throwIfAborted();
          try {
            found.push(await look(session, dataset, chosen));
          } catch (error) {
            throw new Error(`dataset "${dataset.name}": query: ${describePostgresError(error)}`);
          }
        }
        return found;
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
      await session.close();
    }
  } finally {
    await opened.stop();
  }
}
