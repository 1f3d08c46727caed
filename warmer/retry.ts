import { setTimeout as delay } from "node:timers/promises";
import { isConnectionLost } from "./postgres/lost.ts";
import { describePostgresError } from "./postgres/session.ts";

const FIRST_BACKOFF_MS = 500;
const BACKOFF_FACTOR = 3;

export interface RetryOptions {
  /** Attempts after the first, at most. */
  readonly retries: number;
  /** Ends the waiting between two attempts. */
  readonly signal: AbortSignal;
  /** Told why there will be another attempt. */
  readonly onLost: (reason: string) => void;
}

/**
 * Does `work` again, after a while, where the connection to PostgreSQL was lost: 0.5, 1.5, 4.5 s, and so on. Every other
 * error is the caller's at once.
 * @throws the first reason, and the last where that is another
 */
export async function withRetries<T>(options: RetryOptions, work: (retry: number) => Promise<T>): Promise<T> {
  const { retries, signal, onLost } = options;
  let first: string | undefined;
  for (let retry = 0; ; retry++) {
    try {
      return await work(retry);
    } catch (error) {
      if (signal.aborted || !isConnectionLost(error)) throw error;
      const reason = describePostgresError(error);
      first ??= reason;
      if (retry >= retries) {
        const last = reason === first ? "" : `: ${reason}`;
        throw retry === 0
          ? error
          : new Error(`${first}; ${retry} ${retry === 1 ? "retry" : "retries"} did not help${last}`);
      }
      onLost(reason);
      await delay(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** retry, undefined, { signal });
    }
  }
}
