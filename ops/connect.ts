import { isIP, type Socket } from "node:net";
import type { Redis } from "ioredis";
import { type Address, formatAddress } from "../contract/address.ts";
import type { Tls } from "../contract/endpoint.ts";
import { tlsOptions } from "../warmer/redis/tls.ts";

/** What a server answers. */
export type Reply = string | number | null | Reply[];

/** The server's own refusal: `code` is its first word (`NOAUTH`, `LOADING`, `ERR`). */
export class RedisReplyError extends Error {
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = "RedisReplyError";
    this.code = message.split(" ", 1)[0] ?? "";
  }
}

/** As whom, and how, the operator's connections log in. */
export interface Login {
  /** Redis's `default` user when absent. */
  readonly username?: string | undefined;
  /** No AUTH is sent without one. */
  readonly password?: string | undefined;
  readonly tls?: Tls | undefined;
  /** Tried where this one fails: for a server that was not told of it yet. */
  readonly previous?: Login | undefined;
}

/** The login among what else the inputs of an operation hold. */
export function loginOf({ username, password, tls, previous }: Login): Login {
  return { username, password, tls, previous };
}

export interface ConnectOptions extends Login {
  /** Milliseconds for connecting and authenticating, and for each reply. @default 2000 */
  readonly timeoutMs?: number;
}

/** An operator's connection: no reconnecting, nothing is sent twice; what fails is told at once. */
export class Connection {
  readonly address: Address;
  readonly #client: Redis;
  readonly #timeoutMs: number;
  #failure: Error | undefined;

  /** @param client with `timeoutMs` as its time limit for commands, and without retries. */
  constructor(address: Address, client: Redis, timeoutMs: number) {
    this.address = address;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    // Comes before the calls that were waiting are told no more than that the connection is closed.
    client.on("error", (error) => this.#fail(error));
    client.on("end", () => this.#closedByServer());
  }

  /** False once the connection has failed or was closed. */
  get usable(): boolean {
    return this.#failure === undefined;
  }

  /** The address at the other end, by which Redis knows a node that has a name; as `address` where that is one. */
  get place(): Address {
    const { host, port } = this.address;
    const { remoteAddress } = this.#client.stream as Socket;
    return { host: isIP(host) === 0 ? (remoteAddress ?? host) : host, port };
  }

  /** Sends one command. Rejects with RedisReplyError when the server refuses it. Calls may overlap: they are pipelined. */
  async call(command: string, ...args: string[]): Promise<Reply> {
    if (this.#failure) throw this.#failure;
    try {
      return (await this.#client.call(command, ...args)) as Reply;
    } catch (error) {
      throw this.#reasonOf(error as Error, command);
    }
  }

  /** As `call`, for commands whose reply is text: INFO, CLUSTER NODES, PING. */
  async text(command: string, ...args: string[]): Promise<string> {
    return String(await this.call(command, ...args));
  }

  close(): void {
    this.#fail(new Error(`the connection to ${formatAddress(this.address)} is closed`));
  }

  /** ioredis's own error of a refusal holds the command with its arguments, and so the password: it is not handed on. */
  #reasonOf(error: Error, command: string): Error {
    if (error.name === "ReplyError") return new RedisReplyError(error.message);
    if (error.message === "Command timed out") {
      const { address } = this;
      return this.#fail(new Error(`${formatAddress(address)} did not answer ${command} in ${this.#timeoutMs} ms`));
    }
    return error.message === "Connection is closed." ? this.#closedByServer() : this.#fail(error);
  }

  #closedByServer(): Error {
    return this.#fail(new Error(`${formatAddress(this.address)} closed the connection`));
  }

  /** Ends the connection, and returns why it ended: the first reason counts. */
  #fail(error: Error): Error {
    if (this.#failure) return this.#failure;
    const unreadable = error.message.startsWith("Unknown RESP type");
    this.#failure = unreadable
      ? new Error(`${formatAddress(this.address)} is not a Redis server`)
      : withoutSource(error);
    this.#client.disconnect();
    return this.#failure;
  }
}

/** What OpenSSL says, without the files of its own source: `4057:error:0A00...:SSL routines:...:alert unknown ca:...` */
function withoutSource(error: Error): Error {
  const said = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(error.message)?.[1];
  if (said !== undefined) error.message = `TLS: ${said}`;
  return error;
}

/**
 * Connects and authenticates. Rejects with the socket's error (ECONNREFUSED), with RedisReplyError (WRONGPASS), or
 * when the time is over. The caller closes.
 */
export async function connect(address: Address, options: ConnectOptions = {}): Promise<Connection> {
  try {
    return await connectOnce(address, options);
  } catch (error) {
    const { previous, timeoutMs } = options;
    if (!previous || (error as NodeJS.ErrnoException).code === "ECONNREFUSED") throw error;
    return connectOnce(address, { ...previous, ...(timeoutMs !== undefined && { timeoutMs }) }).catch(() =>
      Promise.reject(error),
    );
  }
}

async function connectOnce(address: Address, options: ConnectOptions): Promise<Connection> {
  const timeoutMs = options.timeoutMs ?? 2000;
  // An operation that asks no server does not pay for the library.
  const { Redis } = await import("../warmer/redis/ioredis.ts");
  const client = new Redis({
    host: address.host,
    port: address.port,
    lazyConnect: true,
    // The first command connects, and its time limit covers both.
    connectTimeout: 0,
    commandTimeout: timeoutMs,
    // Nothing is left to be sent; a server that hangs would never close its end.
    disconnectTimeout: 0,
    retryStrategy: () => null,
    // A server that loads its data answers: whoever asks is to see that it loads.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    ...(options.tls && { tls: tlsOptions(options.tls, address.host) }),
  });
  const connection = new Connection(address, client, timeoutMs);
  const { username, password } = options;
  try {
    // Not by ioredis's options, which go on where the server asks for no password.
    if (password === undefined) await connection.call("PING").catch(unlessAnswered);
    else await connection.call("AUTH", ...(username === undefined ? [] : [username]), password);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function unlessAnswered(error: unknown): void {
  if (!(error instanceof RedisReplyError)) throw error;
}

/** Connects, does the work, and closes whatever happens. */
export async function withConnection<T>(
  address: Address,
  options: ConnectOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(address, options);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** Connections kept open while a topology is watched: one for each address, opened when first asked, again when lost. */
export class ConnectionPool {
  readonly #options: ConnectOptions;
  readonly #connections = new Map<string, Promise<Connection>>();

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  async to(address: Address): Promise<Connection> {
    const key = formatAddress(address);
    const known = await this.#connections.get(key)?.catch(() => undefined);
    if (known?.usable) return known;
    const fresh = connect(address, this.#options);
    this.#connections.set(key, fresh);
    return fresh;
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#connections.values());
    for (const one of all) if (one.status === "fulfilled") one.value.close();
    this.#connections.clear();
  }
}

/** The fields of INFO, CLUSTER INFO: `name:value` lines. */
export function parseInfo(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return fields;
}

/** A flat reply of names and values (SENTINEL MASTER, CONFIG GET) as an object. */
export function pairs(reply: Reply | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!Array.isArray(reply)) return fields;
  for (let index = 0; index + 1 < reply.length; index += 2) fields[String(reply[index])] = String(reply[index + 1]);
  return fields;
}
