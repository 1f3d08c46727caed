import type { Socket } from "node:net";
import type { Address } from "../../contract/address.ts";
import { formatAddress } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import { repliesSocket, repliesTls } from "../read-buffer.ts";
import { command } from "../resp.ts";
import type { Reply } from "./reply.ts";
import { ReplyError, ReplyParser } from "./reply.ts";
import { explainTls, tlsOptions } from "./tls.ts";

const CONNECT_TIMEOUT_MS = 5000;
const REPLY_TIMEOUT_MS = 10_000;
const HUNG_UP = "Redis closed the connection";

/** Who connects, and how: what all servers of an endpoint have in common. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: Endpoint["tls"];
  readonly database: number;
  /** A sentinel knows neither databases nor the users of the data nodes. */
  readonly sentinel?: boolean;
}

/** The credentials for data nodes. */
export function dataCredentials(endpoint: Endpoint): Credentials {
  const { username, password, tls, database } = endpoint;
  return { username, password, tls, database };
}

function openSocket(address: Address, credentials: Credentials, signal: AbortSignal): Promise<Socket> {
  const { host, port } = address;
  const { tls } = credentials;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket =
      tls === undefined
        ? repliesSocket({ noDelay: true, keepAlive: true }).connect({ host, port })
        : repliesTls({ ...tlsOptions(tls, host), host, port });
    let reached = false;
    socket.once("connect", () => {
      reached = true;
    });
    const settle = (error?: Error): void => {
      socket.off("error", settle);
      socket.off("timeout", onTimeout);
      signal.removeEventListener("abort", onAbort);
      socket.setTimeout(0);
      if (error === undefined) resolve(socket);
      else {
        socket.on("error", () => {}); // a destroyed socket may still report; the reason is known
        socket.destroy();
        reject(error);
      }
    };
    const onTimeout = (): void => {
      // A Redis without TLS waits for the end of what it takes for a command.
      const advice = reached ? ": this port does not seem to speak TLS" : "";
      const what = reached ? "TLS handshake" : "connection";
      settle(new Error(`no ${what} within ${CONNECT_TIMEOUT_MS / 1000} s${advice}`));
    };
    const onAbort = (): void =>
      settle(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    socket.setTimeout(CONNECT_TIMEOUT_MS);
    socket.once("error", settle);
    socket.once("timeout", onTimeout);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      socket.setNoDelay(true);
      settle();
    });
  });
}

/**
 * A connection to one Redis server, for commands whose replies are read: authenticated, database selected. The
 * writing link takes its socket over with {@link release}.
 */
export class RedisConnection {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #ended: Error | undefined;

  private constructor(address: Address, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("error", this.#onEnd);
    socket.on("close", this.#onEnd);
  }

  /** @throws ReplyError where Redis refuses, Error where it cannot be reached; both name the server */
  static async open(address: Address, credentials: Credentials, signal: AbortSignal): Promise<RedisConnection> {
    let connection: RedisConnection | undefined;
    try {
      connection = new RedisConnection(address, await openSocket(address, credentials, signal));
      const { username, password, database } = credentials;
      // Sent together: the first that is refused is the one that counts.
      const answers: Promise<unknown>[] = [];
      // In one piece: a server that wants a certificate says so once, and resets the connection at the next write.
      connection.#socket.cork();
      if (password !== undefined) {
        answers.push(connection.call(...(username === undefined ? ["AUTH", password] : ["AUTH", username, password])));
      }
      // Sent for database 0 as well: where no password was given, this tells that one is needed.
      if (credentials.sentinel !== true) answers.push(connection.call("SELECT", String(database)));
      answers.push(connection.call("CLIENT", "SETNAME", "hearth").catch(ignoreRefusal));
      connection.#socket.uncork();
      await Promise.all(answers);
      return connection;
    } catch (error) {
      connection?.close();
      throw named(error, address, credentials);
    }
  }

  /** Whether it has ended, as far as this side knows. */
  get closed(): boolean {
    return this.#ended !== undefined;
  }

  /** @throws ReplyError where Redis answers with an error */
  async call(...parts: readonly (string | Buffer)[]): Promise<Reply> {
    const [reply = null] = await this.send(command(...parts), 1);
    return reply;
  }

  /**
   * Sends encoded commands and reads that many replies.
   * @throws ReplyError the first error among the replies
   */
  async send(commands: Buffer, replies: number): Promise<Reply[]> {
    if (this.#ended !== undefined) throw this.#ended;
    const timer = setTimeout(() => {
      this.#onEnd(new Error(`no answer within ${REPLY_TIMEOUT_MS / 1000} s`));
    }, REPLY_TIMEOUT_MS);
    try {
      const waiting = Array.from({ length: replies }, () => {
        return new Promise<Reply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
      });
      this.#socket.write(commands);
      const results = await Promise.all(waiting);
      const error = results.find((reply) => reply instanceof ReplyError);
      if (error instanceof ReplyError) throw error;
      return results;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives the socket away; this object is not used afterwards. */
  release(): Socket {
    this.#socket.off("data", this.#onData);
    this.#socket.off("error", this.#onEnd);
    this.#socket.off("close", this.#onEnd);
    return this.#socket;
  }

  close(): void {
    this.#onEnd(new Error("the connection was closed"));
  }

  readonly #onData = (piece: Buffer): void => {
    try {
      for (const reply of this.#parser.push(piece)) this.#waiting.shift()?.resolve(reply);
    } catch (error) {
      this.#onEnd(error instanceof Error ? error : new Error(String(error)));
    }
  };

  readonly #onEnd = (reason: unknown): void => {
    this.#ended ??= reason instanceof Error ? reason : new Error(HUNG_UP);
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  };
}

/** For commands that only help: a refusal is passed over, a lost connection is not. */
export function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ReplyError)) throw error;
}

/** What a server does that speaks TLS, and is spoken to in plain text. */
function hasHungUp(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "ECONNRESET" || error.message === HUNG_UP;
}

function named(error: unknown, address: Address, { tls }: Credentials): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (cause instanceof ReplyError) {
    const reply = new ReplyError(cause.message);
    reply.message = `Redis ${formatAddress(address)} refused: ${cause.message}`;
    return reply;
  }
  const known = cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
  const advice =
    tls === undefined && hasHungUp(cause) ? " (does this port speak TLS? Then set `tls` of the endpoint)" : "";
  const reason = explainTls(cause) ?? known + advice;
  return new Error(`Cannot reach Redis ${formatAddress(address)}: ${reason}`);
}
