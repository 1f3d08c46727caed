import { setTimeout as delay } from "node:timers/promises";
import type { Address } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { Chunk, ChunkPool, Row } from "../chunk.ts";
import { judge, withAdvice } from "../failure.ts";
import { keyOfCommand } from "../resp.ts";
import { sendAsking } from "./ask.ts";
import type { Lanes } from "./lanes.ts";
import type { Link } from "./link.ts";
import { ReplyError } from "./reply.ts";
import { dataCredentials } from "./socket.ts";

const FIRST_BACKOFF_MS = 25;
const LAST_BACKOFF_MS = 1000;

/** What a recovery works on, and whom it tells. */
export interface RecoveryOptions {
  readonly endpoint: Endpoint;
  /** See `patienceMs` of WarmOptions. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly lanes: Lanes;
  readonly pool: ChunkPool;
  /** A row was answered with an error. */
  readonly refused: (address: Address, row: Row, message: string) => void;
  /** No row waits any more: writing may go on. */
  readonly resumed: () => void;
  /** No attempt can mend what is wrong. */
  readonly failed: (error: unknown) => void;
}

/** Rows to be sent again, and the way there: waits, finds the primaries where that is in doubt, and sends. */
export class Recovery {
  /** What keeps rows from being written at the moment, for messages. */
  trouble: string | undefined;
  closed = false;
  readonly #options: RecoveryOptions;
  #retry: Row[] = [];
  #running: Promise<void> | undefined;
  /** Whether the primaries may be others by now. */
  #stale = false;
  /** When a server last said anything: `performance.now()`. */
  #contact = performance.now();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** How many rows wait; while there are any, no new ones should be taken. */
  get rows(): number {
    return this.#retry.length;
  }

  /** Resolves when the recovery under way, if there is one, has come to its end. */
  get done(): Promise<void> | undefined {
    return this.#running;
  }

  /** A server has answered. */
  heard(): void {
    this.#contact = performance.now();
  }

  /**
   * Takes rows over, until each is answered.
   * @param stale whether the primaries may be others by now
   */
  again(rows: readonly Row[], stale = false): void {
    if (stale) this.#stale = true;
    for (const row of rows) this.#retry.push(row);
    this.#running ??= this.#recover().finally(() => {
      this.#running = undefined;
      // A row may have been refused between the last look and now.
      if (this.#retry.length > 0 && !this.#options.signal.aborted) this.again([]);
    });
  }

  /** Asks where the primaries are now, since they may be others. */
  rediscover(): void {
    this.again([], true);
  }

  /** What goes wrong from here on is nobody's concern. */
  close(): void {
    this.closed = true;
  }

  async #recover(): Promise<void> {
    const { signal, patienceMs } = this.#options;
    let backoff = FIRST_BACKOFF_MS;
    try {
      while (this.#retry.length > 0 || this.#stale) {
        await delay(backoff, undefined, { signal });
        if (performance.now() - this.#contact > patienceMs) {
          throw new Error(`no answer from Redis for ${Math.round(patienceMs / 1000)} s. ${this.trouble ?? ""}`);
        }
        backoff = Math.min(backoff * 2, LAST_BACKOFF_MS);
        if (await this.#findAgain()) await this.#sendAgain();
      }
      this.#options.resumed();
    } catch (error) {
      if (!this.closed) this.#options.failed(error);
    }
  }

  /** Whether there is a primary to send to. */
  async #findAgain(): Promise<boolean> {
    const { lanes, signal } = this.#options;
    if (!this.#stale && lanes.allOpen) return true;
    this.#stale = false;
    try {
      await lanes.place();
      this.heard();
      return true;
    } catch (error) {
      this.#stale = true;
      signal.throwIfAborted();
      const cause = error instanceof Error ? error : new Error(String(error));
      this.trouble = cause.message;
      if (cause instanceof ReplyError) {
        this.heard();
        if (judge(cause.code, cause.message, true) === "fatal") throw withAdvice(cause.message, cause.code);
      }
      return lanes.anyOpen;
    }
  }

  async #sendAgain(): Promise<void> {
    const { lanes, pool, endpoint, signal, refused, resumed } = this.#options;
    const asked: Row[] = [];
    const perLink = new Map<Link, Row[]>();
    for (const row of this.#retry.splice(0)) {
      const key = keyOfCommand(row.bytes, 0);
      const link = lanes.link(lanes.of(key, key.length));
      if (row.ask !== undefined) {
        asked.push(row);
      } else if (link === undefined) {
        this.#retry.push(row);
        this.#stale = true;
      } else {
        const group = perLink.get(link);
        if (group === undefined) perLink.set(link, [row]);
        else group.push(row);
      }
    }
    for (const [link, group] of perLink) sendRows(pool, link, group);
    if (asked.length > 0) {
      const unsent = await sendAsking(asked, dataCredentials(endpoint), signal, refused);
      for (const row of unsent) this.#retry.push(row);
    }
    // Unless something was refused again in the meantime, writing may go on.
    if (this.#retry.length === 0) resumed();
  }
}

/** Packs rows into chunks again. */
function sendRows(pool: ChunkPool, link: Link, rows: readonly Row[]): void {
  let chunk: Chunk | undefined;
  for (const row of rows) {
    row.account.pending -= 1; // the chunk counts it again
    const fits = chunk !== undefined && chunk.used + row.bytes.length <= chunk.bytes.length;
    if (chunk !== undefined && (!fits || chunk.full || chunk.account !== row.account)) {
      link.send(chunk);
      chunk = undefined;
    }
    chunk ??= pool.take(row.account, row.bytes.length);
    row.bytes.copy(chunk.bytes, chunk.used);
    chunk.add(chunk.used + row.bytes.length, row.commands, row.expires, row.sample);
  }
  if (chunk !== undefined) link.send(chunk);
}
