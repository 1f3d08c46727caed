import { connect as connectSocket, type Socket } from "node:net";
import { type Address, formatAddress } from "../contract/address.ts";
import { encodeCommand, RedisReplyError, type Reply, ReplyParser } from "./resp.ts";

export interface ConnectOptions {
  /** Password of the default user; no AUTH is sent without one. */
  readonly password?: string;
  /** Milliseconds for connecting and authenticating, and for each reply. @default 2000 */
  readonly timeoutMs?: number;
}

/** An operator's connection: no reconnecting, no queueing while offline; what fails is told at once. */
export class Connection {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }[] = [];
  #failure: Error | undefined;

  constructor(address: Address, socket: Socket, timeoutMs: number) {
    this.address = address;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    const parser = new ReplyParser();
    socket.on("data", (chunk) => {
      try {
        for (const reply of parser.push(chunk)) this.#settle(reply);
      } catch (error) {
        this.#fail(error as Error);
      }
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error(`${formatAddress(address)} closed the connection`)));
  }

  /** False once the connection has failed or was closed. */
  get usable(): boolean {
    return this.#failure === undefined;
  }

  /** Sends one command. Rejects with RedisReplyError when the server refuses it. Calls may overlap: they are pipelined. */
  call(...args: string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const timer = setTimeout(
        () =>
          this.#fail(new Error(`${formatAddress(this.address)} did not answer ${args[0]} in ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      this.#waiting.push({ resolve, reject, timer });
      this.#socket.write(encodeCommand(args));
    });
  }

  /** As `call`, for commands whose reply is text: INFO, CLUSTER NODES, PING. */
  async text(...args: string[]): Promise<string> {
    return String(await this.call(...args));
  }

  close(): void {
    this.#fail(new Error(`the connection to ${formatAddress(this.address)} is closed`));
  }

  #settle(reply: Reply): void {
    const call = this.#waiting.shift();
    if (!call) return;
    clearTimeout(call.timer);
    if (reply instanceof RedisReplyError) call.reject(reply);
    else call.resolve(reply);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/**
 * Connects and authenticates. Rejects with the socket's error (ECONNREFUSED), with RedisReplyError (WRONGPASS), or
 * when the time is over. The caller closes.
 */
export async function connect(address: Address, options: ConnectOptions = {}): Promise<Connection> {
  const timeoutMs = options.timeoutMs ?? 2000;
  const socket = connectSocket({ host: address.host, port: address.port, noDelay: true });
  const connection = new Connection(address, socket, timeoutMs);
  // AUTH goes out with the connection itself: one round trip less, and its time limit covers both.
  if (options.password === undefined) {
    await connection.call("PING").catch((error) => {
      if (!(error instanceof RedisReplyError)) throw error;
    });
    return connection;
  }
  try {
    await connection.call("AUTH", options.password);
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
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
