import type { Cluster, Redis } from "ioredis";
import { type Address, formatAddress } from "../contract/address.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import { Existence } from "./redis/existence.ts";
import { dataCredentials, RedisConnection } from "./redis/socket.ts";
import { explainTls, tlsOptions } from "./redis/tls.ts";
import type { WrittenValue } from "./types.ts";

/** Milliseconds. */
const DIAGNOSIS_MS = 2000;

/** A string; a hash by field; the members of a set; the scores of a sorted set, as text, by member (latin1). */
export type StoredValue = Buffer | ReadonlyMap<string, Buffer> | ReadonlySet<string>;

/** A key as Redis has it now. */
export interface StoredKey {
  /** Undefined when the key is missing, or of another type than asked for. */
  readonly value: StoredValue | undefined;
  /** Milliseconds to live; -1 without expiry, -2 when the key is missing. */
  readonly ttlMs: number;
  /** Why there is no value: an error reply of Redis. */
  readonly error?: string;
}

/** Redis refuses a command to the user who connects. */
export class DeniedError extends Error {
  override name = "DeniedError";
}

/**
 * A connection such as the application has: through the sentinels or to the cluster, by the same endpoint,
 * with the library that most Node applications use.
 *
 * Commands that are given together go out together, one pipeline for each server. Whether keys exist, which is asked of
 * thousands, goes by connections of our own: see {@link Existence}.
 */
export class CacheReader {
  readonly #client: Redis | Cluster;
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  #existence: Promise<Existence> | undefined;
  #alone: Promise<unknown> = Promise.resolve();

  private constructor(client: Redis | Cluster, endpoint: Endpoint, timeoutMs: number) {
    this.#client = client;
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param timeoutMs for connecting, and for each command. @default 5000
   * @param readyCheck whether a server that still loads its data is waited for, which takes INFO. @default true
   * @throws naming the server, when it cannot be reached or refuses the password.
   */
  static async open(endpoint: Endpoint, timeoutMs = 5000, { readyCheck = true } = {}): Promise<CacheReader> {
    const client = await makeClient(endpoint, timeoutMs, readyCheck);
    // ioredis retries by itself; only the last reason is worth telling.
    let reason = "no answer";
    client.on("error", (error: Error & { lastNodeError?: Error }) => {
      const cause = error.lastNodeError ?? error;
      const hopeless = explainTls(cause);
      reason = hopeless ?? (cause.message || reason);
      if (hopeless !== undefined) client.disconnect(); // the next attempt would end the same way
    });
    try {
      await withTimeout(client.connect(), timeoutMs);
    } catch (error) {
      client.disconnect();
      const message = error instanceof Error && error.message !== "Connection is closed." ? error.message : reason;
      const why = /ECONNRESET|EPIPE/.test(message) ? await whyItHangsUp(endpoint) : undefined;
      throw new Error(`Cannot read from Redis (${endpoint.topology}, ${describe(endpoint)}): ${why ?? message}.`);
    }
    return new CacheReader(client, endpoint, timeoutMs);
  }

  /**
   * Whether each key exists, which an expired one does not. Keys of any type.
   * @throws DeniedError naming the key, where the user may not ask
   */
  async exists(keys: readonly (string | Buffer)[]): Promise<boolean[]> {
    this.#existence ??= Existence.open(this.#endpoint, this.#timeoutMs);
    const existence = await this.#existence.catch(() => undefined); // the client below tells why
    const found = await existence?.of(keys);
    return await Promise.all(keys.map((key, index) => found?.[index] ?? this.#existsOne(key)));
  }

  async #existsOne(key: string | Buffer): Promise<boolean> {
    const found = await this.#ask(() => this.#client.exists(key)).catch((error) => this.#refused("EXISTS", key, error));
    return found === 1;
  }

  /**
   * The value and time to live of a key.
   * @throws DeniedError where the user may not ask
   */
  async read(key: Buffer, type: WrittenValue["type"]): Promise<StoredKey> {
    const ttl = this.#ask(() => this.#client.pttl(key));
    ttl.catch(() => {}); // told where it is waited for
    try {
      const value = await this.#ask(() => this.#value(key, type));
      return { value: value ?? undefined, ttlMs: await ttl };
    } catch (error) {
      if (isDenied(error)) {
        await ttl.catch(() => undefined);
        this.#refused(`PTTL or ${reads[type]}`, key, error);
      }
      if (error instanceof Error && error.name === "ReplyError") {
        return { value: undefined, ttlMs: await ttl.catch(() => -2), error: error.message };
      }
      await ttl.catch(() => undefined);
      throw error;
    }
  }

  /**
   * The value of a key alone, as the application reads it; undefined when it is missing.
   * @throws DeniedError where the user may not read it
   */
  async value(key: string, type: WrittenValue["type"]): Promise<StoredValue | undefined> {
    const value = await this.#ask(() => this.#value(key, type)).catch((error) =>
      this.#refused(reads[type], key, error),
    );
    return value ?? undefined;
  }

  /** Keys of Hearth's own, which `size` leaves out. */
  ownKeys = 0;

  /** Keys in the database, over all primaries; undefined when the user may not ask. */
  async size(): Promise<number | undefined> {
    const nodes = "nodes" in this.#client ? this.#client.nodes("master") : [this.#client];
    try {
      const sizes = await Promise.all(nodes.map((node) => node.dbsize()));
      return Math.max(0, sizes.reduce((sum, size) => sum + size, 0) - this.ownKeys);
    } catch (error) {
      if (isDenied(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * ioredis follows a slot that moves only where all commands of a pipeline are sent on to the same place: what is left
   * is asked again, one after the other.
   */
  async #ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || !/^(ASK|MOVED|TRYAGAIN) /.test(error.message)) throw error;
      const again = this.#alone.then(work);
      this.#alone = again.catch(() => undefined);
      return await again;
    }
  }

  #refused(command: string, key: string | Buffer, error: unknown): never {
    if (!isDenied(error)) throw error;
    throw new DeniedError(
      `Redis refuses ${command} of the key "${key}" to the user "${this.#endpoint.username ?? "default"}", as whom validation reads: ` +
        `${error.message.replace(/\.$/, "")}. Let the user read the keys of the plan (ACL SETUSER: ~pattern, and ` +
        "`validationCommands`), or validate as another",
    );
  }

  /** The client itself, for what this class has no words for. */
  get client(): Redis | Cluster {
    return this.#client;
  }

  /**
   * Connects again, to the primaries of now: after a failover the old one goes on answering until it is told, and what
   * it says is no longer what the application is going to read.
   */
  async reconnect(): Promise<void> {
    this.#forgetExistence();
    if (this.#client.status !== "end") {
      const ended = new Promise<void>((resolve) => void this.#client.once("end", () => resolve()));
      this.#client.disconnect();
      await ended;
    }
    await this.#client.connect();
  }

  close(): void {
    this.#forgetExistence();
    this.#client.disconnect();
  }

  #forgetExistence(): void {
    this.#existence?.then(
      (existence) => existence.close(),
      () => {}, // there is none
    );
    this.#existence = undefined;
  }

  #value(key: Buffer | string, type: WrittenValue["type"]): Promise<StoredValue | null | undefined> {
    switch (type) {
      case "string":
        return this.#client.getBuffer(key);
      case "hash":
        return this.#hash(key);
      case "set":
        return this.#set(key);
      case "zset":
        return this.#sortedSet(key);
    }
  }

  async #set(key: Buffer | string): Promise<ReadonlySet<string> | undefined> {
    const members = await this.#client.smembersBuffer(key);
    return members.length === 0 ? undefined : new Set(members.map((member) => member.toString("latin1")));
  }

  async #sortedSet(key: Buffer | string): Promise<ReadonlyMap<string, Buffer> | undefined> {
    const words = await this.#client.zrangeBuffer(key, "0", "-1", "WITHSCORES");
    const scores = new Map<string, Buffer>();
    for (let index = 0; index + 1 < words.length; index += 2) {
      scores.set((words[index] as Buffer).toString("latin1"), words[index + 1] as Buffer);
    }
    return scores.size === 0 ? undefined : scores;
  }

  async #hash(key: Buffer | string): Promise<ReadonlyMap<string, Buffer> | undefined> {
    const fields = new Map(Object.entries(await this.#client.hgetallBuffer(key)));
    return fields.size === 0 ? undefined : fields;
  }
}

/** By which command a value of a type is read. */
const reads = { string: "GET", hash: "HGETALL", set: "SMEMBERS", zset: "ZRANGE" } as const;

function isDenied(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith("NOPERM");
}

async function makeClient(endpoint: Endpoint, timeoutMs: number, readyCheck: boolean): Promise<Redis | Cluster> {
  const { Cluster, Redis } = await import("./redis/ioredis.ts");
  const { username, password, tls } = endpoint;
  const common = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: tlsOptions(tls) }),
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 2,
    connectionName: "hearth",
    enableReadyCheck: readyCheck,
    disableClientInfo: true,
  };
  const options = { ...common, db: endpoint.database, lazyConnect: true, enableAutoPipelining: true };
  // A short series of attempts: who reads here is also who waits.
  const retryStrategy = (attempt: number) => (attempt > 5 ? null : 100 * attempt);
  switch (endpoint.topology) {
    case "standalone":
      return new Redis({ ...options, ...(endpoint.nodes[0] as Address), retryStrategy });
    case "sentinel":
      return new Redis({
        ...options,
        retryStrategy,
        sentinels: endpoint.sentinels,
        name: endpoint.masterName,
        sentinelRetryStrategy: retryStrategy,
        ...(endpoint.natMap !== undefined && { natMap: endpoint.natMap }),
        ...(endpoint.sentinelUsername !== undefined && { sentinelUsername: endpoint.sentinelUsername }),
        ...(endpoint.sentinelPassword !== undefined && { sentinelPassword: endpoint.sentinelPassword }),
        ...(tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
      });
    case "cluster":
      return new Cluster([...endpoint.nodes], {
        redisOptions: common,
        enableReadyCheck: readyCheck,
        lazyConnect: true,
        enableAutoPipelining: true,
        clusterRetryStrategy: retryStrategy,
        slotsRefreshTimeout: timeoutMs,
        ...(endpoint.natMap !== undefined && { natMap: endpoint.natMap }),
        // With TLS the certificate is for the names that the cluster announces.
        ...(tls !== undefined && { dnsLookup: (address, callback) => callback(null, address) }),
      });
  }
}

/** What a server has against this client, which ioredis does not wait for: that it must show a certificate, or TLS. */
async function whyItHangsUp(endpoint: Endpoint): Promise<string | undefined> {
  const [node] = endpoint.nodes;
  if (node === undefined) return undefined;
  try {
    (await RedisConnection.open(node, dataCredentials(endpoint), AbortSignal.timeout(DIAGNOSIS_MS))).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describe(endpoint: Endpoint): string {
  const addresses = endpoint.topology === "sentinel" ? endpoint.sentinels : endpoint.nodes;
  return addresses.map(formatAddress).join(", ");
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
