import { setTimeout as delay } from "node:timers/promises";
import type { Address } from "../contract/address.ts";
import { formatAddress } from "../contract/address.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Account } from "./account.ts";
import type { Chunk, Row } from "./chunk.ts";
import { ChunkPool, FULL_CHUNK } from "./chunk.ts";
import { type Expiry, RELATIVE } from "./encode/expiry.ts";
import { adviceFor, judge } from "./failure.ts";
import type { PaceLimits } from "./pacing/pace.ts";
import { Pace } from "./pacing/pace.ts";
import { sendAsking } from "./redis/ask.ts";
import { Lanes } from "./redis/lanes.ts";
import type { Link } from "./redis/link.ts";
import { PrimaryWatch } from "./redis/primary-watch.ts";
import { ReplyError } from "./redis/reply.ts";
import type { RedisConnection } from "./redis/socket.ts";
import { dataCredentials } from "./redis/socket.ts";
import { keyOfCommand } from "./resp.ts";

const FIRST_BACKOFF_MS = 25;
const LAST_BACKOFF_MS = 1000;
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

function withAdvice(message: string, code: string): Error {
  const advice = adviceFor(code);
  return new Error(advice === "" ? message : `${message} (${advice})`);
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
  readonly #options: SinkOptions;
  readonly #failure = new AbortController();
  readonly #lanes: Lanes;
  readonly #watch: NodeJS.Timeout;
  /** Undefined where a server itself says that it is no primary any more. */
  readonly #primary: PrimaryWatch | undefined;
  /** Rows to be sent again; while there are any, no new ones are taken. */
  #retry: Row[] = [];
  #recovering: Promise<void> | undefined;
  /** Whether the primaries may be others by now. */
  #stale = false;
  /** When a server last said anything: `performance.now()`. */
  #contact = performance.now();
  #trouble: string | undefined;
  /** How often a connection was lost. */
  #losses = 0;
  /** Servers whose connection was lost. */
  readonly #lost = new Set<string>();
  #waiters: (() => void)[] = [];
  #closing = false;
  #expiry: Expiry = RELATIVE;

  private constructor(options: SinkOptions) {
    this.#options = options;
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
    return this.#trouble;
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
    else this.#again(Array.from({ length: chunk.rows }, (_, row) => chunk.takeRow(row)));
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

  /** Looks a last time whether the rows went where they belong: what is wrong is in `warnings` then. */
  async verify(): Promise<void> {
    await this.#primary?.check();
    await this.#recovering;
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
    this.#closing = true;
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
    return this.#retry.length > 0 || this.#lanes.congested;
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #answered(chunk: Chunk): void {
    this.#contact = performance.now();
    this.pool.give(chunk);
    if (!this.#congested) this.#wake();
  }

  #lostLink(link: Link, rows: readonly Row[], error: Error): void {
    if (this.#closing) return;
    this.#lost.add(formatAddress(link.address));
    this.#losses += 1;
    this.#trouble = `Redis ${formatAddress(link.address)}: ${error.message}`;
    this.#stale = true;
    this.#again(rows);
  }

  #refused(address: Address, row: Row, message: string): void {
    const { code } = new ReplyError(message);
    const verdict = judge(code, message, this.#options.endpoint.topology !== "standalone");
    const place = `Redis ${formatAddress(address)}`;
    this.#contact = performance.now();
    if (verdict === "row") {
      row.account.refuse(keyOfCommand(row.bytes, 0), code, message);
    } else if (verdict === "fatal") {
      const refusal = `dataset "${row.account.dataset}": ${place} refused to write: ${message}`;
      this.#failure.abort(withAdvice(refusal, code));
    } else {
      this.#trouble = `${place}: ${message}`;
      if (code === "ASK") row.ask = this.#lanes.redirect(message);
      else if (verdict === "rediscover") this.#stale = true;
      this.#again([row]);
    }
  }

  /** Asks where the primaries are now, since they may be others. */
  rediscover(): void {
    this.#stale = true;
    this.#again([]);
  }

  #again(rows: readonly Row[]): void {
    for (const row of rows) this.#retry.push(row);
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
      // A row may have been refused between the last look and now.
      if (this.#retry.length > 0 && !this.signal.aborted) this.#again([]);
    });
  }

  /** Until no row is left to send again: wait, find the primaries where that is in doubt, send. */
  async #recover(): Promise<void> {
    let backoff = FIRST_BACKOFF_MS;
    try {
      while (this.#retry.length > 0 || this.#stale) {
        await delay(backoff, undefined, { signal: this.signal });
        const patience = this.#options.patienceMs;
        if (performance.now() - this.#contact > patience) {
          throw new Error(`no answer from Redis for ${Math.round(patience / 1000)} s. ${this.#trouble ?? ""}`);
        }
        backoff = Math.min(backoff * 2, LAST_BACKOFF_MS);
        if (await this.#findAgain()) await this.#sendAgain();
      }
      this.#wake();
    } catch (error) {
      if (!this.#closing) this.#failure.abort(error);
    }
  }

  /** Whether there is a primary to send to. */
  async #findAgain(): Promise<boolean> {
    if (!this.#stale && this.#lanes.allOpen) return true;
    this.#stale = false;
    try {
      await this.#lanes.place();
      this.#contact = performance.now();
      return true;
    } catch (error) {
      this.#stale = true;
      this.signal.throwIfAborted();
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#trouble = cause.message;
      if (cause instanceof ReplyError) {
        this.#contact = performance.now();
        if (judge(cause.code, cause.message, true) === "fatal") throw withAdvice(cause.message, cause.code);
      }
      return this.#lanes.anyOpen;
    }
  }

  async #sendAgain(): Promise<void> {
    const asked: Row[] = [];
    const perLink = new Map<Link, Row[]>();
    for (const row of this.#retry.splice(0)) {
      const key = keyOfCommand(row.bytes, 0);
      const link = this.#lanes.link(this.lane(key, key.length));
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
    for (const [link, group] of perLink) sendRows(this.pool, link, group);
    if (asked.length > 0) {
      const unsent = await sendAsking(
        asked,
        dataCredentials(this.#options.endpoint),
        this.signal,
        (address, row, message) => this.#refused(address, row, message),
      );
      for (const row of unsent) this.#retry.push(row);
    }
    // Unless something was refused again in the meantime, writing may go on.
    if (this.#retry.length === 0) this.#wake();
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
