import { putView, putWords } from "../resp.ts";
import type { Tuple } from "../tuple.ts";
import { viewOf } from "../views.ts";
import type { CommandShape } from "../wasm/rows.ts";
import { mostUses } from "./value.ts";

const BACKSLASH = 92;
const QUOTE = 34;

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
const NULL = constant("null");
/** A byte becomes at most six. */
export const WORST_ESCAPE = 6;

function constant(text: string): DataView {
  const bytes = Buffer.from(text);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function bytesOf(view: DataView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** Whether none of the four bytes needs an escape: is below 32, a quote, or a backslash. */
function isPlain(word: number): boolean {
  // The usual way to find a zero byte, (x - 0x01...) & ~x & 0x80..., for three x at once.
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash);
  return (found & 0x80808080) === 0;
}

/** Writes text as a JSON string, with its quotes: four bytes at a time up to the first that needs an escape. */
function putJsonText(out: Buffer, target: DataView, start: number, row: Tuple, from: number, length: number): number {
  const { bytes: source, view } = row;
  let at = start;
  out[at++] = QUOTE;
  const end = from + length;
  let index = from;
  for (; index + 4 <= end; index += 4) {
    const word = view.getInt32(index, true);
    if (!isPlain(word)) break;
    target.setInt32(at, word, true);
    at += 4;
  }
  for (; index < end; index++) {
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

/** A value of one column. `target` is a view of `out`. */
export function putJsonValue(
  out: Buffer,
  target: DataView,
  at: number,
  row: Tuple,
  column: number,
  text: boolean,
): number {
  const length = row.lengths[column] as number;
  if (length < 0) return putView(target, at, NULL);
  const start = row.starts[column] as number;
  return text ? putJsonText(out, target, at, row, start, length) : putWords(target, at, row.view, start, length);
}

/** Bytes that `putJsonValue` writes, exactly. */
export function jsonValueLength(row: Tuple, column: number, text: boolean): number {
  const length = row.lengths[column] as number;
  if (length < 0) return NULL.byteLength;
  if (!text) return length;
  let total = length + 2;
  const start = row.starts[column] as number;
  for (let index = start; index < start + length; index++) total += ESCAPE[row.bytes[index] as number] as number;
  return total;
}

/** A document of members in a fixed order. */
export class JsonDocument {
  readonly #labels: DataView[];
  readonly #columns: number[];
  readonly #text: boolean[];
  readonly #tail: DataView;
  readonly #fixed: number;
  readonly #uses: number;
  /** The same for a machine. */
  readonly shape: CommandShape;

  /** @param members name, column, and whether its bytes are text that has to be quoted and escaped */
  constructor(
    members: readonly { readonly name: string; readonly column: number; readonly form: "raw" | "text" }[],
    constants: Readonly<Record<string, unknown>>,
  ) {
    this.#uses = mostUses(members);
    this.#labels = members.map(({ name }, index) => constant(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`));
    this.#columns = members.map(({ column }) => column);
    this.#text = members.map(({ form }) => form === "text");
    const rest = JSON.stringify(constants);
    // `{"a":1}` after members is `,"a":1}`; without constants only the brace is left.
    if (members.length === 0) this.#tail = constant(rest);
    else this.#tail = constant(rest === "{}" ? "}" : `,${rest.slice(1)}`);
    this.#fixed = this.#labels.reduce(
      (sum, label) => sum + label.byteLength + NULL.byteLength + 2,
      this.#tail.byteLength,
    );
    this.shape = {
      command: "set",
      members: members.map(({ column, form }, index) => {
        return { label: bytesOf(this.#labels[index] as DataView), column, text: form === "text" };
      }),
      tail: bytesOf(this.#tail),
    };
  }

  /** Bytes that are certainly enough, known without a look at the columns. */
  roughBound(row: Tuple): number {
    return this.#fixed + WORST_ESCAPE * this.#uses * row.size;
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
    const target = viewOf(out);
    const count = this.#columns.length;
    for (let index = 0; index < count; index++) {
      at = putView(target, at, this.#labels[index] as DataView);
      at = putJsonValue(out, target, at, row, this.#columns[index] as number, this.#text[index] as boolean);
    }
    return putView(target, at, this.#tail);
  }
}
