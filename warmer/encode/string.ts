import { digits, putBulkHeader, putBytes, putInteger, putIntegerBulk, putLineEnd, putWords } from "../resp.ts";
import type { Tuple } from "../tuple.ts";
import type { WrittenValue } from "../types.ts";
import { viewOf } from "../views.ts";
import { type CommandShape, RowMachine, type RowSource } from "../wasm/rows.ts";
import type { Expiry } from "./expiry.ts";
import { jsonValueLength, putJsonValue, WORST_ESCAPE } from "./json.ts";
import type { Encoder, Key } from "./value.ts";
import { COMMAND_OVERHEAD } from "./value.ts";

const SET = Buffer.from("*3\r\n$3\r\nSET\r\n");
const SET_EXPIRE = Buffer.from("*5\r\n$3\r\nSET\r\n");
const DOLLAR = 36;

/** What stands between key and expiry of a SET. */
export interface StringBody {
  /** The column that must not be NULL, where there is one. */
  readonly required?: number;
  bound(row: Tuple): number;
  exactBound(row: Tuple): number;
  put(out: Buffer, at: number, row: Tuple): number;
  /** What a machine makes of rows, where it can; and bytes that are certainly enough for it. */
  readonly shape?: CommandShape;
  roughBound?(row: Tuple): number;
}

/** One column, byte for byte. */
export function columnBody(column: number): StringBody {
  const length = (row: Tuple): number => Math.max(0, row.lengths[column] as number);
  return {
    required: column,
    bound: length,
    exactBound: length,
    put: (out, at, row) => putWords(viewOf(out), at, row.view, row.starts[column] as number, length(row)),
  };
}

/** One column as a JSON value. */
export function jsonColumnBody(column: number, text: boolean): StringBody {
  return {
    bound: (row) => 6 + Math.max(0, row.lengths[column] as number) * (text ? WORST_ESCAPE : 1),
    exactBound: (row) => jsonValueLength(row, column, text),
    put: (out, at, row) => putJsonValue(out, viewOf(out), at, row, column, text),
  };
}

/** `SET key value [PXAT milliseconds]`. */
export class StringEncoder implements Encoder {
  readonly commands = 1;
  readonly #body: StringBody;
  readonly #expireOption: Buffer;
  /** Digits of the length of the last value: a guess for the next, so that each value is gone over only once. */
  #digits = 3;
  readonly machine: RowMachine | undefined;

  constructor(body: StringBody, expiry: Expiry, source?: RowSource) {
    this.#body = body;
    this.#expireOption = expiry.setOption;
    if (body.shape !== undefined && source !== undefined) this.machine = new RowMachine(body.shape, expiry, source);
  }

  refuses(row: Tuple): string | null {
    const required = this.#body.required;
    return required !== undefined && (row.lengths[required] as number) < 0 ? "NULL_VALUE" : null;
  }

  bound(row: Tuple, key: Key): number {
    const rough = this.#body.roughBound?.(row);
    if (rough !== undefined && RowMachine.hasRoom(rough + key.length + COMMAND_OVERHEAD)) {
      return rough + key.length + COMMAND_OVERHEAD;
    }
    return this.#body.bound(row) + key.length + COMMAND_OVERHEAD;
  }

  exactBound(row: Tuple, key: Key): number {
    return this.#body.exactBound(row) + key.length + COMMAND_OVERHEAD;
  }

  encode(out: Buffer, start: number, row: Tuple, key: Key, expires: number): number {
    const { machine } = this;
    if (machine !== undefined && row.bytes === machine.bytes && key.bytes === machine.key) {
      const rough = this.#body.roughBound?.(row) ?? Number.POSITIVE_INFINITY;
      if (RowMachine.hasRoom(rough)) return machine.copy(out, start, machine.set(expires));
    }
    let at = putBytes(out, start, expires > 0 ? SET_EXPIRE : SET);
    at = putBulkHeader(out, at, key.length);
    at = putLineEnd(out, putWords(viewOf(out), at, viewOf(key.bytes), 0, key.length));
    out[at] = DOLLAR;
    const header = at + 1;
    let from = header + this.#digits + 2;
    let end = this.#body.put(out, from, row);
    const length = end - from;
    const actual = digits(length);
    if (actual !== this.#digits) {
      const shift = actual - this.#digits;
      out.copyWithin(from + shift, from, end);
      from += shift;
      end += shift;
      this.#digits = actual;
    }
    putLineEnd(out, putInteger(out, header, length));
    end = putLineEnd(out, end);
    return expires > 0 ? putIntegerBulk(out, putBytes(out, end, this.#expireOption), expires) : end;
  }

  warnings(): string[] {
    return [];
  }

  capture(row: Tuple): WrittenValue {
    const out = Buffer.allocUnsafe(this.#body.exactBound(row) + COMMAND_OVERHEAD);
    return { type: "string", bytes: Buffer.from(out.subarray(0, this.#body.put(out, 0, row))) };
  }
}
