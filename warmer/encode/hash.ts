import { putBulkHeader, putBytes, putInteger, putIntegerBulk, putLineEnd, putView, putWords } from "../resp.ts";
import type { Tuple } from "../tuple.ts";
import type { WrittenValue } from "../types.ts";
import { viewOf } from "../views.ts";
import { RowMachine, type RowSource } from "../wasm/rows.ts";
import type { Expiry } from "./expiry.ts";
import type { CompiledValueOf, Encoder, Key } from "./value.ts";
import { COMMAND_OVERHEAD, mostUses } from "./value.ts";

const DELETE = Buffer.from("*2\r\n$3\r\nDEL\r\n");
const HSET = Buffer.from("$4\r\nHSET\r\n");
const STAR = 42;
/** Bytes that a listpack takes for an entry besides its data, at most. */
const ENTRY_OVERHEAD = 10;

/** Up to where Redis keeps a hash in a listpack: its directives `hash-max-listpack-entries` and `-value`. */
export interface ListpackLimits {
  /** Fields. */
  readonly entries: number;
  /** Bytes of a name or value. */
  readonly value: number;
}

/** How hashes are written. */
export interface HashStyle {
  /** Null: by HSET always. */
  readonly restore: ListpackLimits | null;
  /** Whether the key may hold something else already, so that HSET alone would leave what is old. */
  readonly mayExist: boolean;
}

interface Field {
  readonly name: Buffer;
  readonly column: number;
  /** Name as an argument of HSET. */
  readonly argument: DataView;
}

function bulk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
}

function constantView(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** `RESTORE` of a listpack where the hash fits in one, else `HSET` with `DEL` before and `PEXPIREAT` after as needed. */
export class HashEncoder implements Encoder {
  commands = 1;
  readonly #fields: readonly Field[];
  readonly #constants: readonly { readonly name: string; readonly value: string }[];
  readonly #constantArguments: Buffer;
  readonly #style: HashStyle;
  readonly #expire: Buffer;
  /** False where a name or constant is too long for any listpack. */
  readonly #fits: boolean;
  readonly #fixed: number;
  /** How often a column is used, at most. */
  readonly #uses: number;
  readonly machine: RowMachine | undefined;
  /** Rows that a listpack has no place for, and the longest value of all rows. */
  #tooLong = 0;
  #longest = 0;

  constructor(value: CompiledValueOf<"hash">, style: HashStyle, expiry: Expiry, source?: RowSource) {
    this.#style = style;
    this.#expire = expiry.command;
    this.#fields = value.fields.map(({ name, column }) => {
      const bytes = Buffer.from(name);
      return { name: bytes, column, argument: constantView(bulk(bytes)) };
    });
    this.#uses = mostUses(value.fields);
    this.#constants = value.constants;
    const pairs = value.constants.flatMap(({ name, value: text }) => [Buffer.from(name), Buffer.from(text)]);
    this.#constantArguments = Buffer.concat(pairs.map(bulk));
    this.#longest = Math.max(0, ...pairs.map((bytes) => bytes.length), ...this.#fields.map(({ name }) => name.length));
    this.#fits = style.restore !== null && this.#longest <= style.restore.value;
    const names = this.#fields.reduce((sum, field) => sum + field.argument.byteLength + 2 * ENTRY_OVERHEAD, 0);
    this.#fixed = names + 2 * this.#constantArguments.length + 3 * COMMAND_OVERHEAD;
    const shape = this.#fits ? ({ command: "restore", fields: this.#fields, constants: pairs } as const) : null;
    if (shape !== null || source !== undefined) this.machine = new RowMachine(shape, expiry, source);
  }

  refuses(row: Tuple): string | null {
    if (this.#constants.length > 0) return null;
    for (const field of this.#fields) if ((row.lengths[field.column] as number) >= 0) return null;
    return "NULL_VALUE";
  }

  bound(row: Tuple, key: Key): number {
    return this.#fixed + 3 * key.length + this.#uses * row.size;
  }

  exactBound(row: Tuple, key: Key): number {
    let total = this.#fixed + 3 * key.length;
    for (const field of this.#fields) total += Math.max(0, row.lengths[field.column] as number);
    return total;
  }

  encode(out: Buffer, at: number, row: Tuple, key: Key, expires: number): number {
    const limits = this.#style.restore;
    const machine = this.machine;
    if (limits !== null && this.#fits && machine !== undefined) {
      const here = row.bytes === machine.bytes && key.bytes === machine.key;
      if (RowMachine.hasRoom(this.#uses * row.size) && (here || machine.take(row, key))) {
        const length = machine.restore(expires, limits.value, limits.entries);
        if (length > 0) {
          this.commands = 1;
          return machine.copy(out, at, length);
        }
      }
    }
    let count = this.#constants.length;
    let fits = this.#fits;
    for (const field of this.#fields) {
      const length = row.lengths[field.column] as number;
      if (length < 0) continue;
      count += 1;
      if (limits !== null && length > limits.value) fits = false;
      if (length > this.#longest) this.#longest = length;
    }
    if (!fits && limits !== null) this.#tooLong += 1;
    return this.#hset(out, at, row, key, expires, count);
  }

  #hset(out: Buffer, start: number, row: Tuple, key: Key, expires: number, count: number): number {
    let at = start;
    this.commands = 1;
    // A row that leaves fields out must not keep those of a row before it under the same key.
    if (this.#style.mayExist || count < this.#fields.length + this.#constants.length) {
      at = this.#putKey(out, putBytes(out, at, DELETE), key);
      this.commands += 1;
    }
    out[at] = STAR;
    at = putLineEnd(out, putInteger(out, at + 1, 2 + 2 * count));
    at = this.#putKey(out, putBytes(out, at, HSET), key);
    const { view, starts, lengths } = row;
    const target = viewOf(out);
    const fields = this.#fields;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as Field;
      const length = lengths[field.column] as number;
      if (length < 0) continue;
      at = putBulkHeader(out, putView(target, at, field.argument), length);
      at = putLineEnd(out, putWords(target, at, view, starts[field.column] as number, length));
    }
    at = putBytes(out, at, this.#constantArguments);
    if (expires === 0) return at;
    this.commands += 1;
    return putIntegerBulk(out, this.#putKey(out, putBytes(out, at, this.#expire), key), expires);
  }

  #putKey(out: Buffer, at: number, key: Key): number {
    const data = putBulkHeader(out, at, key.length);
    return putLineEnd(out, putWords(viewOf(out), data, viewOf(key.bytes), 0, key.length));
  }

  warnings(): string[] {
    const limit = this.#style.restore?.value;
    if (limit === undefined || this.#tooLong === 0) return [];
    return [
      `${this.#tooLong} hashes hold a value or name of more than ${limit} bytes (the longest ${this.#longest}): Redis needs about ` +
        `twice the memory for them, and they are written more slowly; hash-max-listpack-value ${this.#longest} avoids both`,
    ];
  }

  capture(row: Tuple): WrittenValue {
    const fields = new Map<string, Buffer>();
    for (const field of this.#fields) {
      const bytes = row.copy(field.column);
      if (bytes !== null) fields.set(field.name.toString(), bytes);
    }
    for (const { name, value } of this.#constants) fields.set(name, Buffer.from(value));
    return { type: "hash", fields };
  }
}
