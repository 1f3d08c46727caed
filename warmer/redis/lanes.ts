import type { Address } from "../../contract/address.ts";
import { formatAddress } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { Pace } from "../pacing/pace.ts";
import { slotOf } from "../slots.ts";
import { clockAhead } from "./clock.ts";
import type { Placement } from "./discovery.ts";
import { discover } from "./discovery.ts";
import type { LinkEvents } from "./link.ts";
import { Link } from "./link.ts";
import { dataCredentials, RedisConnection } from "./socket.ts";

/** One question follows another so soon; later, the server may be another one. */
const KEPT_MS = 500;

/** The primaries of an endpoint, each with a link to write over: a lane. Lanes are named by their index. */
export class Lanes {
  readonly #endpoint: Endpoint;
  readonly #signal: AbortSignal;
  readonly #events: LinkEvents;
  readonly #pace: Pace;
  #placement: Placement = { primaries: [], slots: null };
  /** Undefined where a primary could not be reached. */
  #links: (Link | undefined)[] = [];
  /** See {@link ahead}: of the clock that was read last. */
  #ahead = 0;
  /** Whether a server that does not tell its time can be written to. */
  clocksMatter = false;
  #closed = false;
  /** Connections of questions that were answered, and when. */
  readonly #kept = new Map<string, { readonly connection: RedisConnection; readonly at: number }>();

  constructor(endpoint: Endpoint, signal: AbortSignal, events: LinkEvents, pace: Pace) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#events = events;
    this.#pace = pace;
  }

  /** The lane of a key; -1 where no primary has its slot. */
  of(key: Buffer, length: number): number {
    const { slots } = this.#placement;
    return slots === null ? 0 : (slots[slotOf(key, 0, length)] as number);
  }

  /** The link of a lane, where it is open. */
  link(lane: number): Link | undefined {
    const link = this.#links[lane];
    return link === undefined || link.closed ? undefined : link;
  }

  /**
   * Milliseconds by which the clock of a lane's server is ahead of ours; NaN where it does not tell. Where there is no
   * server for the moment, that of another: servers that take each other's place have to agree about the time anyway.
   */
  ahead(lane: number): number {
    return this.#links[lane]?.ahead ?? this.#ahead;
  }

  /** Whether a lane has more to write than may be in flight. */
  get congested(): boolean {
    for (const link of this.#links) if (link?.congested === true) return true;
    return false;
  }

  get allOpen(): boolean {
    return this.#links.every((_, lane) => this.link(lane) !== undefined);
  }

  get anyOpen(): boolean {
    return this.#links.some((_, lane) => this.link(lane) !== undefined);
  }

  /**
   * Asks where the primaries are now, and connects to those that have no open link.
   * @throws ReplyError, Error for what cannot be reached; what can be is connected all the same
   */
  async place(): Promise<void> {
    const before = new Map<string, Link>();
    for (const link of this.#links) if (link !== undefined) before.set(formatAddress(link.address), link);
    const placement = await discover(this.#endpoint, this.#placement.primaries, this.#signal);
    const links: (Link | undefined)[] = [];
    let unreachable: unknown;
    for (const address of placement.primaries) {
      const known = before.get(formatAddress(address));
      if (known !== undefined && !known.closed) links.push(known);
      else {
        try {
          links.push(await this.#link(address));
        } catch (error) {
          unreachable ??= error;
          links.push(undefined);
        }
      }
    }
    this.#placement = placement;
    this.#links = links;
    for (const link of before.values()) {
      if (!links.includes(link)) link.drop(new Error("this server is no primary any more"));
    }
    // The run may have ended while a connection was being made.
    if (this.#closed) this.close();
    if (unreachable !== undefined) throw unreachable;
  }

  /** Whether another server than the first is primary now; false where nobody can tell. */
  async moved(): Promise<boolean> {
    const [known] = this.#placement.primaries;
    try {
      const [now] = (await discover(this.#endpoint, this.#placement.primaries, this.#signal)).primaries;
      return known !== undefined && now !== undefined && formatAddress(known) !== formatAddress(now);
    } catch {
      return false; // what is wrong with the servers shows when they are needed
    }
  }

  /** The server in `ASK 3999 host:port`, as this client reaches it. */
  redirect(message: string): Address {
    const text = message.split(" ")[2] ?? "";
    const colon = text.lastIndexOf(":");
    const address = { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
    const natMap = this.#endpoint.topology === "cluster" ? this.#endpoint.natMap : undefined;
    return natMap?.[text] ?? natMap?.[formatAddress(address)] ?? address;
  }

  /** Runs `work` on a connection to each primary beside its link, side by side; results in the order of the lanes. */
  each<T>(work: (connection: RedisConnection, lane: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#placement.primaries.map((address, lane) => this.#ask(address, (c) => work(c, lane))));
  }

  /** On the connection of a question just before, where there was one; it is this one's alone until it is answered. */
  async #ask<T>(address: Address, work: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const name = formatAddress(address);
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    const fresh = kept !== undefined && !kept.connection.closed && performance.now() - kept.at < KEPT_MS;
    if (!fresh) kept?.connection.close();
    const connection = fresh ? kept.connection : await this.#open(address);
    try {
      const result = await work(connection);
      if (!this.#closed && !this.#kept.has(name)) this.#kept.set(name, { connection, at: performance.now() });
      return result;
    } finally {
      if (this.#kept.get(name)?.connection !== connection) connection.close();
    }
  }

  /** A connection of its own to each primary, in the order of the lanes; whoever asks closes them. */
  async connect(): Promise<RedisConnection[]> {
    const results = await Promise.allSettled(this.#placement.primaries.map((address) => this.#open(address)));
    const open = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return open;
    for (const connection of open) connection.close();
    throw failed.reason;
  }

  /** Ends the links whose server owes an answer for longer than that. */
  dropSilent(milliseconds: number): void {
    for (const link of this.#links) {
      if (link !== undefined && link.silence > milliseconds) {
        link.drop(new Error(`no answer for ${milliseconds / 1000} s`));
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.#kept.values()) connection.close();
    this.#kept.clear();
    for (const link of this.#links) link?.drop(new Error("the run has ended"));
  }

  async #link(address: Address): Promise<Link> {
    const connection = await this.#open(address);
    try {
      const ahead = await clockAhead(connection);
      if (this.clocksMatter && Number.isNaN(ahead)) {
        throw new Error(`Redis ${formatAddress(address)} does not tell its time (TIME), by which keys would expire`);
      }
      this.#ahead = ahead;
      return new Link(address, connection.release(), ahead, this.#events, this.#pace);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #open(address: Address): Promise<RedisConnection> {
    return RedisConnection.open(address, dataCredentials(this.#endpoint), this.#signal);
  }
}
