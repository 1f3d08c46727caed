import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../contract/address.ts";
import type { PrimaryProxySettings } from "../contract/primary.ts";
import { log } from "./log.ts";

/** A client that is gone without a word is noticed after this. */
const keepAliveMs = 30_000;
/** The server is on the same network. */
const connectMs = 5_000;
/** A connection on which the server had the last word, and that has been silent for so long, is not used at the moment. */
const idleMs = 100;

/** A client's connection and the one to the server behind it. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The client has sent something since the server did. */
  asked: boolean;
  at: number;
}

/**
 * Passes bytes on between clients and the primary. Where there is none nobody listens: clients are refused, and come
 * again. When it changes, or is lost, every connection is closed at once.
 */
export class Forwarder {
  readonly #settings: Pick<PrimaryProxySettings, "listen" | "maxConnections" | "leave">;
  readonly #pairs = new Set<Pair>();
  #primary: Address | undefined;
  #why = "no sentinel was asked yet";
  #listener: Server | undefined;
  #refused = 0;
  #leaving = false;

  constructor(settings: Pick<PrimaryProxySettings, "listen" | "maxConnections" | "leave">) {
    this.#settings = settings;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Why there is no primary; undefined where there is one. */
  get why(): string | undefined {
    return this.#primary ? undefined : this.#why;
  }

  /** Leads to this one from now on; to none without it. */
  lead(primary: Address | undefined, why: string): void {
    const same = primary?.host === this.#primary?.host && primary?.port === this.#primary?.port;
    if (same && (primary !== undefined || why === this.#why)) return;
    const closed = same ? 0 : this.#cut();
    this.#primary = primary;
    this.#why = why;
    if (primary) log("leads", { primary: `${primary.host}:${primary.port}`, why, closed });
    else log("refuses", { why, closed });
    if (primary) this.#listen();
    else this.#close();
  }

  #listen(): void {
    if (this.#listener || this.#leaving) return;
    const { listen, maxConnections } = this.#settings;
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    const listener = createServer(options, (client) => this.#join(client));
    listener.maxConnections = maxConnections;
    listener.on("drop", () => {
      // The first one tells; how many there are would fill the log.
      if (this.#refused++ === 0) log("too many connections", { maxConnections });
    });
    listener.on("error", (error) => {
      log("cannot listen", { port: listen.port, why: error.message });
      process.exit(1);
    });
    listener.listen(listen);
    this.#listener = listener;
  }

  #close(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.#refused = 0;
  }

  /** Closes every connection; how many that were. */
  #cut(): number {
    const pairs = [...this.#pairs];
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    return pairs.length;
  }

  #join(client: Socket): void {
    client.on("error", () => {}); // its close tells
    if (this.#primary === undefined) {
      client.destroy();
      return;
    }
    const server = connect({
      ...this.#primary,
      ...{ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
    });
    server.on("error", () => {});
    server.setTimeout(connectMs, () => server.destroy());
    server.once("connect", () => server.setTimeout(0));
    const pair: Pair = { client, server, asked: false, at: performance.now() };
    this.#pairs.add(pair);
    client.on("data", () => note(pair, true));
    server.on("data", () => note(pair, false));
    // Back-pressure, and an end of one side, which the other is told.
    client.pipe(server);
    server.pipe(client);
    const ended = (other: Socket) => (failed: boolean) => {
      this.#pairs.delete(pair);
      // What was said before a regular end is still sent.
      if (failed) other.destroy();
      else other.destroySoon();
    };
    client.on("close", ended(server));
    server.on("close", ended(client));
  }

  /**
   * Ends: takes connections until nobody sends any here, closes those that are not used at the moment, and at the
   * deadline the others.
   */
  async leave(): Promise<void> {
    const { acceptMs, deadlineMs } = this.#settings.leave;
    const begin = performance.now();
    const passed = () => performance.now() - begin;
    await sleep(acceptMs);
    this.#leaving = true;
    this.#close();
    while (this.#pairs.size > 0 && passed() < deadlineMs) {
      for (const { client, server, asked, at } of this.#pairs) {
        if (asked || performance.now() - at < idleMs) continue;
        client.destroySoon();
        server.destroySoon();
      }
      await sleep(idleMs / 2);
    }
    this.#cut();
  }
}

function note(pair: Pair, asked: boolean): void {
  pair.asked = asked;
  pair.at = performance.now();
}
