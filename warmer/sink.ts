import type { Address } from "../contract/address.ts";
import { formatAddress } from "../contract/address.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Account } from "./account.ts";
import type { Chunk, Row } from "./chunk.ts";
import { ChunkPool, FULL_CHUNK } from "./chunk.ts";
import { type Expiry, RELATIVE } from "./encode/expiry.ts";
import { judge, withAdvice } from "./failure.ts";
import type { PaceLimits } from "./pacing/pace.ts";
import { Pace } from "./pacing/pace.ts";
import { Lanes } from "./redis/lanes.ts";
import type { Link } from "./redis/link.ts";
import { PrimaryWatch } from "./redis/primary-watch.ts";
import { Recovery } from "./redis/recovery.ts";
import { ReplyError } from "./redis/reply.ts";
import type { RedisConnection } from "./redis/socket.ts";
import { keyOfCommand } from "./resp.ts";

/** A server that owes an answer for so long is treated as gone. */
const SILENCE_MS = 15_000;
const SILENCE_CHECK_MS = 1000;

export interface SinkOptions {
  readonly endpoint: Endpoint;
  /** Ends all work of the sink, with its reason. */
  readonly signal: AbortSignal;
  /** See `patienceMs` of WarmOptions. */
  readonly patienceMs: number;
  /** Limits per second. @default none */
  readonly limits?: PaceLimits;
}

/**
 * Writes rows to the primaries of an endpoint, and does not let go of one until Redis has acknowledged or refused it:
 * rows are sent again after a lost connection, a failover, a moved slot. What no attempt can mend aborts `signal`.
 */
export class Sink {
  readonly pace: Pace;
  readonly pool: ChunkPool;
  /** Aborted when the options' signal is, or when the sink fails. */
  readonly signal: AbortSignal;
  /** Whether another server may take over: Sentinel, cluster. */
  readonly #movable: boolean;
  readonly #failure = new AbortController();
  readonly #lanes: Lanes;
  readonly #watch: NodeJS.Timeout;
  /** Undefined where a server itself says that it is no primary any more. */
  readonly #primary: PrimaryWatch | undefined;
  readonly #recovery: Recovery;
  /** How often a connection was lost. */
  #losses = 0;
  /** Servers whose connection was lost. */
  readonly #lost = new Set<string>();
  #waiters: (() => void)[] = [];
  #expiry: Expiry = RELATIVE;

  private constructor(options: SinkOptions) {
    this.#movable = options.endpoint.topology !== "standalone";
    this.pace = new Pace(options.limits ?? {}, FULL_CHUNK);
    this.pool = new ChunkPool(this.pace.chunks);
    this.signal = AbortSignal.any([options.signal, this.#failure.signal]);
    this.signal.addEventListener("abort", () => this.#wake(), { once: true });
    const events = {
      refused: (address: Address, row: Row, message: string) => this.#refused(address, row, message),
      answered: (chunk: Chunk) => this.#answered(chunk),
      lost: (link: Link, rows: Row[], error: Error) => this.#lostLink(link, rows, error),
    };
    this.#lanes = new Lanes(options.endpoint, this.signal, events, this.pace);
    this.#recovery = new Recovery({
      ...{ endpoint: options.endpoint, patienceMs: options.patienceMs, signal: this.signal },
      ...{ lanes: this.#lanes, pool: this.pool, refused: events.refused, resumed: () => this.#wake() },
      failed: (error) => this.#failure.abort(error),
    });
    this.#watch = setInterval(() => this.#lanes.dropSilent(SILENCE_MS), SILENCE_CHECK_MS);
    this.#watch.unref();
    if (options.endpoint.topology === "sentinel") {
      this.#primary = new PrimaryWatch(
        () => this.#lanes.moved(),
        () => this.rediscover(),
      );
    }
  }

  /** Finds the primaries and connects to each. @throws Error naming every server and what it said */
  static async open(options: SinkOptions): Promise<Sink> {
    const sink = new Sink(options);
    try {
      await sink.#lanes.place();
      return sink;
    } catch (error) {
      sink.close();
      throw error instanceof ReplyError ? withAdvice(error.message, error.code) : error;
    }
  }

  /** What the operator should know. */
  get warnings(): string[] {
    return [...this.#lost].map(
      (address) =>
        `the connection to Redis ${address} was lost during the run; every row was sent again that it had not ` +
        "acknowledged",
    );
  }

  /** How often a connection was lost. */
  get losses(): number {
    return this.#losses;
  }

  /** Whether sentinels watch over the primary, and may name another while it still takes writes. */
  get watched(): boolean {
    return this.#primary !== undefined;
  }

  /** What keeps rows from being written at the moment, for messages. */
  get trouble(): string | undefined {
    return this.#recovery.trouble;
  }

  /** The primary for a key, by index; chunks are filled by this. -1 where no primary has its slot. */
  lane(key: Buffer, length: number): number {
    return this.#lanes.of(key, length);
  }

  /** How commands tell Redis when keys expire; see {@link negotiateExpiry}. */
  get expiry(): Expiry {
    return this.#expiry;
  }

  set expiry(expiry: Expiry) {
    this.#expiry = expiry;
    this.#lanes.clocksMatter = expiry.absolute;
  }

  /** Milliseconds since 1970 by the clock of a lane's server; NaN where it does not tell its time. */
  now(lane: number): number {
    return Date.now() + this.#lanes.ahead(lane);
  }

  /** Takes a chunk over. */
  send(lane: number, chunk: Chunk): void {
    const link = this.#lanes.link(lane);
    if (link !== undefined) link.send(chunk);
    else this.#recovery.again(Array.from({ length: chunk.rows }, (_, row) => chunk.takeRow(row)));
  }

  /** Null while there is room, else a promise of it. Rejects when the sink has failed. */
  pressure(): Promise<void> | null {
    return this.#congested || this.signal.aborted ? this.#room() : null;
  }

  /** Resolves when all rows of the account are answered; rejects when the sink has failed. */
  async settle(account: Account): Promise<void> {
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      await Promise.race([account.settled(), aborted]);
    } finally {
      this.signal.removeEventListener("abort", onAbort);
    }
  }

  /** Asks where the primaries are now, since they may be others. */
  rediscover(): void {
    this.#recovery.rediscover();
  }

  /** Looks a last time whether the rows went where they belong: what is wrong is in `warnings` then. */
  async verify(): Promise<void> {
    await this.#primary?.check();
    await this.#recovery.done;
  }

  /** Runs `work` on a connection of its own to each primary, with the primary's index. */
  eachPrimary<T>(work: (connection: RedisConnection, lane: number) => Promise<T>): Promise<T[]> {
    return this.#lanes.each(work);
  }

  /** A connection of its own to each primary, in the order of the lanes; whoever asks closes them. */
  connect(): Promise<RedisConnection[]> {
    return this.#lanes.connect();
  }

  /** Ends all connections. */
  close(): void {
    this.#recovery.close();
    clearInterval(this.#watch);
    this.#primary?.close();
    this.#lanes.close();
    this.#failure.abort(new Error("the run has ended")); // a recovery under way must not connect again
  }

  async #room(): Promise<void> {
    while (this.#congested) {
      this.signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    this.signal.throwIfAborted();
  }

  get #congested(): boolean {
    return this.#recovery.rows > 0 || this.#lanes.congested;
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #answered(chunk: Chunk): void {
    this.#recovery.heard();
    this.pool.give(chunk);
    if (!this.#congested) this.#wake();
  }

  #lostLink(link: Link, rows: readonly Row[], error: Error): void {
    if (this.#recovery.closed) return;
    this.#lost.add(formatAddress(link.address));
    this.#losses += 1;
    this.#recovery.trouble = `Redis ${formatAddress(link.address)}: ${error.message}`;
    this.#recovery.again(rows, true);
  }

  #refused(address: Address, row: Row, message: string): void {
    const { code } = new ReplyError(message);
    const verdict = judge(code, message, this.#movable);
    const place = `Redis ${formatAddress(address)}`;
    this.#recovery.heard();
    if (verdict === "row") {
      row.account.refuse(keyOfCommand(row.bytes, 0), code, message);
    } else if (verdict === "fatal") {
      const refusal = `dataset "${row.account.dataset}": ${place} refused to write: ${message}`;
      this.#failure.abort(withAdvice(refusal, code));
    } else {
      this.#recovery.trouble = `${place}: ${message}`;
      if (code === "ASK") row.ask = this.#lanes.redirect(message);
      this.#recovery.again([row], code !== "ASK" && verdict === "rediscover");
    }
  }
}
