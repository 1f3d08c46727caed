import { isIP, connect as plain, type Socket } from "node:net";
import { connect as encrypted } from "node:tls";
import type { Address } from "../contract/address.ts";
import { decode, encode, Push, type Reply, ReplyError } from "./resp.ts";

/** As whom, and how, servers are asked. */
export interface Access {
  readonly user: string;
  readonly password: string;
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}

/** What happens in a conversation. */
export interface Listener {
  /** An answer must come within this. */
  readonly answerMs: number;
  pushed?(items: readonly Reply[]): void;
  /** Once, whoever ended it. */
  closed(why: string): void;
}

/** More than a server has to say to what is asked here. */
const mostBytes = 1 << 20;

/** A connection to a server or a sentinel that is asked now and then. It does not connect again. */
export class Conversation {
  readonly #socket: Socket;
  readonly #answerMs: number;
  readonly #waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  #unread = "";
  #deadline: NodeJS.Timeout | undefined;

  constructor({ host, port }: Address, { user, password, tls }: Access, { answerMs, pushed, closed }: Listener) {
    this.#answerMs = answerMs;
    const socket = tls
      ? encrypted({ host, port, ...tls, ...(isIP(host) === 0 && { servername: host }) })
      : plain({ host, port });
    this.#socket = socket;
    let why = "closed the connection";
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("error", (error) => {
      why = error.message;
    });
    socket.on("close", () => {
      clearTimeout(this.#deadline);
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(why));
      closed(why);
    });
    socket.on("data", (text: string) => this.#read(text, pushed));
    this.ask("HELLO", "3", "AUTH", user, password).catch((error) => {
      // An error's text may repeat what was sent.
      if (error instanceof ReplyError) socket.destroy(new Error(`refuses the login: ${error.code}`));
    });
  }

  /** The address that a name has led to. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  ask(...words: string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error("the connection is closed"));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encode(words));
      if (this.#deadline === undefined) this.#watch();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #watch(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (this.#waiting.length === 0) return;
    this.#deadline = setTimeout(
      () => this.#socket.destroy(new Error(`did not answer within ${this.#answerMs} ms`)),
      this.#answerMs,
    );
  }

  #read(text: string, pushed: Listener["pushed"]): void {
    this.#unread += text;
    let at = 0;
    try {
      if (this.#unread.length > mostBytes) throw new Error("says too much");
      for (let reply = decode(this.#unread, at); reply !== undefined; reply = decode(this.#unread, at)) {
        at = reply.end;
        this.#take(reply.value, pushed);
      }
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
    this.#unread = this.#unread.slice(at);
  }

  #take(reply: Reply, pushed: Listener["pushed"]): void {
    if (reply instanceof Push) {
      // SUBSCRIBE is answered so too, by one for each channel; nobody waits for them.
      pushed?.(reply.items);
      return;
    }
    const asked = this.#waiting.shift();
    this.#watch();
    if (reply instanceof ReplyError) asked?.reject(reply);
    else asked?.resolve(reply);
  }

  /** Asks for messages: the answers are pushed. */
  subscribe(...channels: string[]): void {
    this.#socket.write(encode(["SUBSCRIBE", ...channels]));
  }
}
