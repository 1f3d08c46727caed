import { setTimeout as delay } from "node:timers/promises";
import { formatAddress } from "../contract/address.ts";
import type { Address } from "../contract/address.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Account } from "./account.ts";
import type { Chunk, Row } from "./chunk.ts";
import { ChunkPool } from "./chunk.ts";
import { adviceFor, judge } from "./failure.ts";
import { sendAsking } from "./redis/ask.ts";
import type { Placement } from "./redis/discovery.ts";
import { discover } from "./redis/discovery.ts";
import { Link } from "./redis/link.ts";
import { ReplyError } from "./redis/reply.ts";
import { dataCredentials, RedisConnection } from "./redis/socket.ts";
import { keyOfCommand } from "./resp.ts";
import { slotOf } from "./slots.ts";

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
}

/**
 * Writes rows to the primaries of an endpoint, and does not let go of one until Redis has acknowledged or refused it:
 * rows are sent again after a lost connection, a failover, a moved slot. What no attempt can mend aborts `signal`.
 */
export class Sink {
  readonly pool = new ChunkPool();
  readonly #options: SinkOptions;
  readonly #failure = new AbortController();
  /** Aborted when the options' signal is, or when the sink fails. */
  readonly signal: AbortSignal;
  #placement: Placement = { primaries: [], slots: null };
  #links: (Link | undefined)[] = [];
  #retry: Row[] = [];
  #recovering: Promise<void> | undefined;
  #stale = false;
  /** When a server last said anything: `performance.now()`. */
  #contact = performance.now();
  #trouble: string | undefined;
  #waiters: (() => void)[] = [];
  #closing = false;
  readonly #watch: NodeJS.Timeout;

  private constructor(options: SinkOptions) {
    this.#options = options;
    this.signal = AbortSignal.any([options.signal, this.#failure.signal]);
    this.#watch = setInterval(() => this.#dropSilent(), SILENCE_CHECK_MS);
    this.#watch.unref();
    this.signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  /** Finds the primaries and connects to each. @throws Error naming every server and what it said */
  static async open(options: SinkOptions): Promise<Sink> {
    const sink = new Sink(options);
    try {
      await sink.#place();
      return sink;
    } catch (error) {
      sink.close();
      throw error;
    }
  }

  /** The primaries, as known now. */
  get primaries(): readonly Address[] {
    return this.#placement.primaries;
  }

  /** What keeps rows from being written at the moment, for messages. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Index of the primary for a key; chunks are filled by this. -1 where no primary has its slot. */
  lane(key: Buffer, length: number): number {
    const { slots } = this.#placement;
    return slots === null ? 0 : (slots[slotOf(key, 0, length)] as number);
  }

  /** Takes a chunk over. */
  send(lane: number, chunk: Chunk): void {
    const link = this.#links[lane];
    if (link !== undefined && !link.closed) link.send(chunk);
    else this.#again(Array.from({ length: chunk.rows }, (_, row) => chunk.takeRow(row)));
  }

  /** Null while there is room, else a promise of it. Rejects when the sink has failed. */
  pressure(): Promise<void> | null {
    if (!this.#congested && !this.signal.aborted) return null;
    return this.#room();
  }

  async #room(): Promise<void> {
    while (this.#congested) {
      this.signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    this.signal.throwIfAborted();
  }

  get #congested(): boolean {
    return this.#retry.length > 0 || this.#links.some((link) => link?.congested === true);
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

  /** Runs `work` on a connection of its own to each primary. */
  async eachPrimary<T>(work: (connection: RedisConnection) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (const address of this.primaries) {
      const connection = await RedisConnection.open(address, dataCredentials(this.#options.endpoint), this.#options.signal);
      try {
        results.push(await work(connection));
      } finally {
        connection.close();
      }
    }
    return results;
  }

  /** Ends all connections. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#watch);
    const ended = new Error("the run has ended");
    for (const link of this.#links) link?.drop(ended);
    this.#failure.abort(ended); // a recovery that is under way must not connect again
  }

  /** Asks where the primaries are, and connects to those that are not connected. */
  async #place(): Promise<void> {
    const { endpoint } = this.#options;
    const before = new Map(this.#links.flatMap((link) => (link === undefined ? [] : [[formatAddress(link.address), link]])));
    const placement = await discover(endpoint, this.#placement.primaries, this.signal);
    const links: (Link | undefined)[] = [];
    let unreachable: unknown;
    for (const address of placement.primaries) {
      const known = before.get(formatAddress(address));
      if (known !== undefined && !known.closed) {
        links.push(known);
        continue;
      }
      try {
        const connection = await RedisConnection.open(address, dataCredentials(endpoint), this.signal);
        links.push(this.#link(address, connection));
      } catch (error) {
        unreachable ??= error;
        links.push(undefined);
      }
    }
    this.#placement = placement;
    this.#links = links;
    for (const link of before.values()) {
      if (!links.includes(link)) link.drop(new Error("this server is no primary any more"));
    }
    if (unreachable !== undefined) throw unreachable;
    this.#contact = performance.now();
  }

  #link(address: Address, connection: RedisConnection): Link {
    return new Link(address, connection.release(), {
      refused: (server, row, message) => this.#refused(server, row, message),
      answered: (chunk) => {
        this.#contact = performance.now();
        this.pool.give(chunk);
        if (!this.#congested) this.#wake();
      },
      lost: (link, rows, error) => {
        if (this.#closing) return;
        this.#trouble = `Redis ${formatAddress(link.address)}: ${error.message}`;
        this.#stale = true;
        this.#again(rows);
      },
    });
  }

  #refused(address: Address, row: Row, message: string): void {
    const { code } = new ReplyError(message);
    const verdict = judge(code, message, this.#options.endpoint.topology !== "standalone");
    this.#contact = performance.now();
    if (verdict === "row") {
      row.account.refuse(keyOfCommand(row.bytes, 0), code, message);
      return;
    }
    const place = `Redis ${formatAddress(address)}`;
    if (verdict === "fatal") {
      const advice = adviceFor(code);
      this.#fail(new Error(`dataset "${row.account.dataset}": ${place} refused to write: ${message}${advice === "" ? "" : ` (${advice})`}`));
      return;
    }
    this.#trouble = `${place}: ${message}`;
    if (code === "ASK") row.ask = this.#redirect(message);
    else if (verdict === "rediscover") this.#stale = true;
    this.#again([row]);
  }

  /** The address in `MOVED 3999 host:port` or `ASK ...`, as this client reaches it. */
  #redirect(message: string): Address {
    const text = message.split(" ")[2] ?? "";
    const colon = text.lastIndexOf(":");
    const address = { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
    const { endpoint } = this.#options;
    const natMap = endpoint.topology === "cluster" ? endpoint.natMap : undefined;
    return natMap?.[text] ?? natMap?.[formatAddress(address)] ?? address;
  }

  #fail(error: Error): void {
    this.#failure.abort(error);
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #again(rows: readonly Row[]): void {
    for (const row of rows) this.#retry.push(row);
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
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
      if (!this.#closing) this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Whether the primaries are known and connected. */
  async #findAgain(): Promise<boolean> {
    if (!this.#stale && this.#links.every((link) => link !== undefined && !link.closed)) return true;
    this.#stale = false;
    try {
      await this.#place();
      return true;
    } catch (error) {
      this.#stale = true;
      if (this.signal.aborted) throw this.signal.reason;
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#trouble = cause.message;
      if (!(cause instanceof ReplyError)) return this.#links.some((link) => link !== undefined && !link.closed);
      this.#contact = performance.now();
      if (judge(cause.code, cause.message, true) === "fatal") {
        const advice = adviceFor(cause.code);
        throw advice === "" ? cause : new Error(`${cause.message} (${advice})`);
      }
      return false;
    }
  }

  async #sendAgain(): Promise<void> {
    const rows = this.#retry.splice(0);
    const asked = rows.filter((row) => row.ask !== undefined);
    const perLink = new Map<Link, Row[]>();
    for (const row of rows) {
      if (row.ask !== undefined) continue;
      const key = keyOfCommand(row.bytes, 0);
      const link = this.#links[this.lane(key, key.length)];
      if (link === undefined || link.closed) {
        this.#retry.push(row);
        this.#stale = true;
      } else {
        const group = perLink.get(link);
        if (group === undefined) perLink.set(link, [row]);
        else group.push(row);
      }
    }
    for (const [link, group] of perLink) this.#sendRows(link, group);
    if (asked.length > 0) {
      const unsent = await sendAsking(asked, dataCredentials(this.#options.endpoint), this.signal, (address, row, message) =>
        this.#refused(address, row, message),
      );
      for (const row of unsent) this.#retry.push(row);
    }
    // Unless something was refused again in the meantime, writing may go on.
    if (this.#retry.length === 0) this.#wake();
  }

  #sendRows(link: Link, rows: readonly Row[]): void {
    let chunk: Chunk | undefined;
    for (const row of rows) {
      row.account.pending -= 1; // the chunk counts it again
      if (chunk !== undefined && (chunk.full || chunk.account !== row.account || chunk.used + row.bytes.length > chunk.bytes.length)) {
        link.send(chunk);
        chunk = undefined;
      }
      chunk ??= this.pool.take(row.account, row.bytes.length);
      row.bytes.copy(chunk.bytes, chunk.used);
      chunk.add(chunk.used + row.bytes.length, row.commands, row.sample);
    }
    if (chunk !== undefined) link.send(chunk);
  }

  #dropSilent(): void {
    for (const link of this.#links) {
      if (link !== undefined && link.silence > SILENCE_MS) {
        link.drop(new Error(`no answer for ${SILENCE_MS / 1000} s`));
      }
    }
  }
}
