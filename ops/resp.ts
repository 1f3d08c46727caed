/**
 * Redis's wire protocol (RESP2), as much of it as an operator needs: short commands out, whole replies in.
 *
 * Not ioredis, because each operation of `pulumi up` is a process of its own: loading ioredis costs 32 ms of CPU
 * every time, this file none (measured; 10 operations on 2 cores for a cluster of six).
 */

/** What a server answers. An error inside an array stays a value; a reply that is an error rejects the call. */
export type Reply = string | number | null | RedisReplyError | Reply[];

/** The server's own refusal: `code` is its first word (`NOAUTH`, `LOADING`, `ERR`). */
export class RedisReplyError extends Error {
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = "RedisReplyError";
    this.code = message.split(" ", 1)[0] ?? "";
  }
}

/** A command as the bytes that the server reads. */
export function encodeCommand(args: readonly string[]): Buffer {
  const parts = [`*${args.length}\r\n`];
  for (const arg of args) parts.push(`$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return Buffer.from(parts.join(""));
}

const incomplete = Symbol("incomplete");

/** Collects bytes and gives back whole replies, in order. */
export class ReplyParser {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Takes what the socket received; returns the replies that are now complete. Throws on anything but RESP2. */
  push(chunk: Buffer): Reply[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const replies: Reply[] = [];
    for (;;) {
      this.#at = 0;
      const reply = this.#read();
      if (reply === incomplete) return replies;
      this.#bytes = this.#bytes.subarray(this.#at);
      replies.push(reply);
    }
  }

  #line(): string | typeof incomplete {
    const end = this.#bytes.indexOf("\r\n", this.#at, "latin1");
    if (end < 0) return incomplete;
    const line = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #read(): Reply | typeof incomplete {
    const line = this.#line();
    if (line === incomplete) return incomplete;
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new RedisReplyError(rest);
      case ":":
        return Number(rest);
      case "$": {
        const length = Number(rest);
        if (length < 0) return null;
        if (this.#bytes.length < this.#at + length + 2) return incomplete;
        const text = this.#bytes.toString("utf8", this.#at, this.#at + length);
        this.#at += length + 2;
        return text;
      }
      case "*": {
        const length = Number(rest);
        if (length < 0) return null;
        const items: Reply[] = [];
        for (let index = 0; index < length; index++) {
          const item = this.#read();
          if (item === incomplete) return incomplete;
          items.push(item);
        }
        return items;
      }
      default:
        throw new Error(`not a Redis server: it answered "${line.slice(0, 60)}"`);
    }
  }
}
