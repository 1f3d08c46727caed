/** An error that a server answered with. */
export class ReplyError extends Error {
  /** Its first word: `WRONGPASS`. What follows may repeat what was sent. */
  get code(): string {
    return /^[A-Z]+/.exec(this.message)?.[0] ?? "ERR";
  }
}

/** A message that nobody asked for. */
export class Push {
  readonly items: readonly Reply[];

  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** What a server says, in RESP3; a map is a list of names and values. */
export type Reply = string | number | null | ReplyError | Push | readonly Reply[];

/** A command as it is sent. */
export function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

/**
 * Reads one reply.
 *
 * @param text bytes as latin1: one character each
 * @returns the reply, and where it ends; undefined while it is not complete
 */
export function decode(text: string, at: number): { readonly value: Reply; readonly end: number } | undefined {
  const eol = text.indexOf("\r\n", at);
  if (eol === -1) return undefined;
  const kind = text[at] ?? "";
  const line = text.slice(at + 1, eol);
  const next = eol + 2;
  const count = Number(line);
  switch (kind) {
    case "+":
    case ",":
    case "(":
      return { value: line, end: next };
    case "-":
      return { value: new ReplyError(line), end: next };
    case ":":
      return { value: count, end: next };
    case "#":
      return { value: line === "t" ? 1 : 0, end: next };
    case "_":
      return { value: null, end: next };
    case "$":
    case "=":
    case "!": {
      if (count < 0) return { value: null, end: next };
      const end = next + count;
      if (text.length < end + 2) return undefined;
      const body = text.slice(next, end);
      return { value: kind === "!" ? new ReplyError(body) : body, end: end + 2 };
    }
    case "*":
    case "~":
    case ">":
    case "%":
      return list(text, next, kind, kind === "%" ? count * 2 : count);
    default:
      throw new Error("what it says is not of Redis's protocol");
  }
}

function list(text: string, from: number, kind: string, count: number) {
  if (count < 0) return { value: null, end: from };
  const items: Reply[] = [];
  let end = from;
  while (items.length < count) {
    const item = decode(text, end);
    if (item === undefined) return undefined;
    items.push(item.value);
    end = item.end;
  }
  return { value: kind === ">" ? new Push(items) : items, end };
}
