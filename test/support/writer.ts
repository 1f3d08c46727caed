import type { Cluster, Redis } from "ioredis";
import type { Endpoint } from "../../contract/endpoint.ts";
import { clientOf, type Patience } from "./client.ts";

/** What an application that writes all the time has lived through. */
export interface Written {
  /** Writes that were answered with OK. */
  readonly acknowledged: number;
  /** Attempts that ended in an error; each was repeated until it was acknowledged. */
  readonly failed: number;
  /** How often each error was the reason, by its first word. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The longest time without an acknowledged write, in milliseconds. */
  readonly longestGapMs: number;
}

/** Writers at once, each with one request at a time. */
const WRITERS = 4;
/** Between two attempts of a request, and two of a connection: the application is patient, but not slow. */
const RETRY_MS = 50;

/** A client that has not settled a request by then never will: `commandTimeout` does not count what waits for a cluster. */
const NEVER_MS = 20_000;

/** Repeats nothing, so that every failed request is counted. */
const impatient: Patience = {
  maxRetriesPerRequest: 0,
  // A server that vanishes without a word is given up as well.
  commandTimeout: 1000,
  connectTimeout: 1000,
  retryStrategy: () => RETRY_MS,
  sentinelRetryStrategy: () => RETRY_MS,
  clusterRetryStrategy: () => RETRY_MS,
  slotsRefreshInterval: 1000,
};

/**
 * A client as applications have it: what fails by a lost connection is sent again, twenty times as ioredis does it by
 * itself; one that was connected to a primary which is none any more looks for the other.
 */
export const retrying: Patience = {
  maxRetriesPerRequest: 20,
  reconnectOnError: ({ message }) => (message.startsWith("READONLY") ? 2 : false),
};

/**
 * An application under load: writes one new key after the other through the endpoint, and repeats what failed. By
 * default its client itself repeats nothing.
 */
export class Writer {
  readonly #client: Redis | Cluster;
  readonly #prefix: string;
  readonly #acknowledged: string[] = [];
  readonly #work: Promise<void>[];
  #failed = 0;
  readonly #reasons: Record<string, number> = {};
  #at = performance.now();
  #longestGapMs = 0;
  #stopped = false;

  /** @param prefix of the keys; in a cluster one with a `{tag}` keeps to one shard */
  constructor(endpoint: Endpoint, prefix = "written:", patience: Patience = impatient) {
    this.#prefix = prefix;
    this.#client = clientOf(endpoint, patience);
    this.#client.on("error", () => {}); // counted where a request fails
    this.#work = Array.from({ length: WRITERS }, (_, writer) => this.#write(writer));
  }

  /** Acknowledged writes until now. */
  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  async #write(writer: number): Promise<void> {
    for (let count = 0; !this.#stopped; count++) {
      const key = `${this.#prefix}${writer}:${count}`;
      while (!(await this.#attempt(key)) && !this.#stopped) await pause(RETRY_MS);
    }
  }

  async #attempt(key: string): Promise<boolean> {
    try {
      await within(NEVER_MS, this.#client.set(key, key), () => `never settled by a client that is ${this.#status}`);
    } catch (error) {
      this.#failed += 1;
      const reason = /^[A-Z]+\b|^.*$/m.exec((error as Error).message)?.[0] ?? "";
      this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
      return false;
    }
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#at);
    this.#at = now;
    this.#acknowledged.push(key);
    // Some thousand writes a second are load enough; the servers share the machine with what is measured.
    await pause(1);
    return true;
  }

  /** What the client thinks of itself, and of each server. */
  get #status(): string {
    const client = this.#client;
    const servers = "nodes" in client ? client.nodes().map(({ options, status }) => `${options.port}: ${status}`) : [];
    return [client.status, ...servers].join(", ");
  }

  /** Ends the load. Further calls say the same. */
  async stop(): Promise<Written> {
    this.#stopped = true;
    await Promise.all(this.#work);
    this.#client.disconnect();
    return {
      acknowledged: this.#acknowledged.length,
      failed: this.#failed,
      reasons: this.#reasons,
      longestGapMs: Math.round(this.#longestGapMs),
    };
  }

  /** How many of the acknowledged writes an application does not find again. */
  async lost(endpoint: Endpoint): Promise<number> {
    const client = clientOf(endpoint, { maxRetriesPerRequest: 20 });
    client.on("error", () => {});
    try {
      let lost = 0;
      for (let at = 0; at < this.#acknowledged.length; at += 500) {
        const keys = this.#acknowledged.slice(at, at + 500);
        const values = await Promise.all(keys.map((key) => client.get(key)));
        lost += values.filter((value, index) => value !== keys[index]).length;
      }
      return lost;
    } finally {
      client.disconnect();
    }
  }
}

/** The result of `work`, or an error that says why after so many milliseconds. */
async function within<T>(ms: number, work: Promise<T>, why: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(why())), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
