/** An error that Redis answered with. `code` is its first word: `NOAUTH`, `MOVED`, `ERR`. */
export class ReplyError extends Error {
  override name = "ReplyError";
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.code = /^[A-Z][A-Z0-9_]*/.exec(message)?.[0] ?? "ERR";
  }
}

/** A reply of RESP2; bulk strings are bytes. */
export type Reply = Buffer | string | number | null | ReplyError | Reply[];

const CR = 13;

/** Parses one reply at `at`: the reply and where it ends, or undefined where it is not complete. */
function parseOne(data: Buffer, at: number): { reply: Reply; end: number } | undefined {
  const lineEnd = data.indexOf("\r\n", at, "latin1");
  if (lineEnd < 0 || data[lineEnd] !== CR) return undefined;
  const line = data.toString("utf8", at + 1, lineEnd);
  const body = lineEnd + 2;
  switch (String.fromCharCode(data[at] as number)) {
    case "+":
      return { reply: line, end: body };
    case "-":
      return { reply: new ReplyError(line), end: body };
    case ":":
      return { reply: Number(line), end: body };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, end: body };
      if (data.length < body + length + 2) return undefined;
      return { reply: Buffer.from(data.subarray(body, body + length)), end: body + length + 2 };
    }
    case "*": {
      const count = Number(line);
      if (count < 0) return { reply: null, end: body };
      const replies: Reply[] = [];
      let end = body;
      for (let index = 0; index < count; index++) {
        const item = parseOne(data, end);
        if (item === undefined) return undefined;
        replies.push(item.reply);
        end = item.end;
      }
      return { reply: replies, end };
    }
    default:
      throw new Error(`this is no Redis server: it sent ${JSON.stringify(data.toString("latin1", at, at + 20))}`);
  }
}

/** Parses replies out of pieces of network data. For the few replies that are not counted but read. */
export class ReplyParser {
  #data: Buffer = Buffer.alloc(0);

  /** The replies that are complete with this piece. */
  push(piece: Buffer): Reply[] {
    this.#data = this.#data.length === 0 ? piece : Buffer.concat([this.#data, piece]);
    const replies: Reply[] = [];
    let at = 0;
    while (at < this.#data.length) {
      const parsed = parseOne(this.#data, at);
      if (parsed === undefined) break;
      replies.push(parsed.reply);
      at = parsed.end;
    }
    this.#data = this.#data.subarray(at);
    return replies;
  }
}
