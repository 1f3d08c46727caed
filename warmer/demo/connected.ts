import { setTimeout as delay } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";

/** How long, and how often, a server that is starting is tried. */
export interface Patience {
  readonly withinMs: number;
  readonly everyMs: number;
  readonly signal: AbortSignal | undefined;
  /** Throws where the server will never answer. */
  readonly look?: () => void;
}

/**
 * A connection to a PostgreSQL that is starting, once it answers.
 *
 * @param which the server, as the error names it
 */
export async function connected(which: string, config: ClientConfig, patience: Patience): Promise<Client> {
  const { withinMs, everyMs, signal, look } = patience;
  const deadline = Date.now() + withinMs;
  for (;;) {
    signal?.throwIfAborted();
    look?.();
    const client = new Client(config);
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${which} does not answer after ${withinMs / 1000} s: ${reason}.`);
      }
      await delay(everyMs);
    }
  }
}
