import type { PgConfig } from "../types.ts";
import { PostgresSession } from "./session.ts";

/** The connections of a run to PostgreSQL: one for each worker, opened when first asked for, again where it was lost. */
export class Sessions {
  readonly #source: string | PgConfig;
  readonly #open: PostgresSession[] = [];

  constructor(source: string | PgConfig) {
    this.#source = source;
  }

  /** Takes a connection over that is open already. */
  add(session: PostgresSession): void {
    this.#open.push(session);
  }

  /** The connection of a worker. @throws what PostgresSession.open does */
  async of(worker: number): Promise<PostgresSession> {
    const known = this.#open[worker];
    if (known?.usable === true) return known;
    const session = await PostgresSession.open(this.#source);
    await known?.close();
    this.#open[worker] = session;
    return session;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((session) => session.close()));
  }
}
