import { putBytes, putRange } from "../resp.ts";
import type { Tuple } from "../tuple.ts";

const BACKSLASH = 92;
const QUOTE = 34;
const OPEN = 123;
const CLOSE = 125;

/** Bytes that escaping makes of a byte, less one: 0 as it is, 1 for `\n`, 5 for a `\u` escape of four digits. */
const ESCAPE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 32 ? 5 : byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);
/** The letter of a short escape. */
const SHORT = new Uint8Array(256);
for (const [byte, letter] of [
  [8, "b"],
  [9, "t"],
  [10, "n"],
  [12, "f"],
  [13, "r"],
  [QUOTE, '"'],
  [BACKSLASH, "\\"],
] as const) {
  ESCAPE[byte] = 1;
  SHORT[byte] = letter.charCodeAt(0);
}
const HEX = Buffer.from("0123456789abcdef");
const NULL = Buffer.from("null");
/** A byte becomes at most six. */
export const WORST_ESCAPE = 6;

/** Writes text as a JSON string, with its quotes. */
function putJsonText(out: Buffer, start: number, source: Buffer, from: number, length: number): number {
  let at = start;
  out[at++] = QUOTE;
  const end = from + length;
  for (let index = from; index < end; index++) {
    const byte = source[index] as number;
    const extra = ESCAPE[byte] as number;
    if (extra === 0) {
      out[at++] = byte;
    } else if (extra === 1) {
      out[at++] = BACKSLASH;
      out[at++] = SHORT[byte] as number;
    } else {
      at += out.write("\\u00", at, "latin1");
      out[at++] = HEX[byte >> 4] as number;
      out[at++] = HEX[byte & 15] as number;
    }
  }
  out[at++] = QUOTE;
  return at;
}

/** A value of one column. */
export function putJsonValue(out: Buffer, at: number, row: Tuple, column: number, text: boolean): number {
  const length = row.lengths[column] as number;
  if (length < 0) return putBytes(out, at, NULL);
  const start = row.starts[column] as number;
  return text ? putJsonText(out, at, row.bytes, start, length) : putRange(out, at, row.bytes, start, length);
}

/** Bytes that `putJsonValue` writes, exactly. */
export function jsonValueLength(row: Tuple, column: number, text: boolean): number {
  const length = row.lengths[column] as number;
  if (length < 0) return NULL.length;
  if (!text) return length;
  let total = length + 2;
  const start = row.starts[column] as number;
  for (let index = start; index < start + length; index++) total += ESCAPE[row.bytes[index] as number] as number;
  return total;
}

/** A document of members in a fixed order. */
export class JsonDocument {
  readonly #labels: Buffer[];
  readonly #columns: number[];
  readonly #text: boolean[];
  readonly #tail: Buffer;
  readonly #fixed: number;

  /** @param members name, column, and whether its bytes are text that has to be quoted and escaped */
  constructor(
    members: readonly { readonly name: string; readonly column: number; readonly form: "raw" | "text" }[],
    constants: Readonly<Record<string, unknown>>,
  ) {
    this.#labels = members.map(({ name }, index) => Buffer.from(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`));
    this.#columns = members.map(({ column }) => column);
    this.#text = members.map(({ form }) => form === "text");
    const rest = JSON.stringify(constants);
    // `{"a":1}` after members is `,"a":1}`; without constants only the brace is left.
    if (members.length === 0) this.#tail = Buffer.from(rest);
    else this.#tail = rest === "{}" ? Buffer.from([CLOSE]) : Buffer.from(`,${rest.slice(1)}`);
    this.#fixed = this.#labels.reduce((sum, label) => sum + label.length + NULL.length + 2, this.#tail.length);
    if (members.length > 0 && this.#labels[0]?.[0] !== OPEN) throw new Error("a document begins with a brace");
  }

  bound(row: Tuple): number {
    let total = this.#fixed;
    for (let index = 0; index < this.#columns.length; index++) {
      const length = row.lengths[this.#columns[index] as number] as number;
      if (length > 0) total += this.#text[index] ? length * WORST_ESCAPE : length;
    }
    return total;
  }

  exactBound(row: Tuple): number {
    let total = this.#fixed;
    for (let index = 0; index < this.#columns.length; index++) {
      total += jsonValueLength(row, this.#columns[index] as number, this.#text[index] as boolean);
    }
    return total;
  }

  put(out: Buffer, start: number, row: Tuple): number {
    let at = start;
    const count = this.#columns.length;
    for (let index = 0; index < count; index++) {
      at = putBytes(out, at, this.#labels[index] as Buffer);
      at = putJsonValue(out, at, row, this.#columns[index] as number, this.#text[index] as boolean);
    }
    return putBytes(out, at, this.#tail);
  }
}
