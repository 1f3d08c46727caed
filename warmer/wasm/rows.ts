/**
 * Rows become commands in WebAssembly (the .as files): they are read, their keys made, and they are written as RESTORE
 * or SET, without a JavaScript value of any of it. Each encoder has a memory of its own, with the rows at hand, what is
 * known of them, and the command that is being made.
 */
import type { CompiledKeyPart } from "../compile.ts";
import type { Expiry } from "../encode/expiry.ts";
import type { Key } from "../encode/value.ts";
import { LONGEST_TEXT, type WireForm, writerOf } from "../postgres/wire.ts";
import { type Exports, FREE, instantiate, SLACK } from "./instance.ts";
import { ENTRY_OVERHEAD, entries } from "./payload.ts";

/** What rows look like, and how their keys are made. */
export interface RowSource {
  readonly columns: readonly WireForm[];
  readonly key: readonly CompiledKeyPart[];
}

/** What commands are made of rows. `head` and `option` are those of the expiry. */
export type CommandShape =
  | {
      readonly command: "restore";
      readonly fields: readonly { readonly name: Buffer; readonly column: number }[];
      /** Names and values of fields that every row has, in turn. */
      readonly constants: readonly Buffer[];
    }
  | {
      readonly command: "set";
      /** What stands before each value, its column, and whether it is text that has to be quoted and escaped. */
      readonly members: readonly { readonly label: Buffer; readonly column: number; readonly text: boolean }[];
      readonly tail: Buffer;
    };

// As layout.as has them.
const RESULT = 32_768;
const [KEY_LENGTH, KEY_HIGH, KEY_LOW, ROW_SIZE] = [1, 2, 3, 4] as const;
const EXPIRES = 32_792;
const CONFIG = 32_832;
const STARTS = 33_024;
const LENGTHS = 39_744;
const KEY = 46_464;
const KEY_ROOM = 1024;
/** Columns that PostgreSQL can select. */
const MOST_COLUMNS = 1664;

/** Bytes of a piece of network data, and of a row that did not come as a part of one. */
const INPUT = 64 * 1024;
const ROW = 40 * 1024;
/** Bytes of the values of a command, as far as they are known beforehand. */
const VALUES = 40 * 1024;
/** Around a listpack: type, length, header, end, version, checksum. Around a command: names, lengths, expiry. */
const PAYLOAD_OVERHEAD = 32;
const COMMAND_OVERHEAD = 256;

/** The forms of tuple.as; one that is text already has no size of its own. */
const FORMS: readonly WireForm[] = ["bytes", "boolean", "int2", "int4", "int8", "timestamp", "uuid", "jsonb"];

const SET = Buffer.from("*3\r\n$3\r\nSET\r\n");
const SET_EXPIRE = Buffer.from("*5\r\n$3\r\nSET\r\n");

/** Reads rows, and makes commands of them. */
export class RowMachine {
  /** The whole memory, and a view of it. */
  readonly bytes: Buffer;
  readonly view: DataView;
  /** By column of the row read last: where in `bytes` it begins, and how long it is, -1 for NULL. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Where network data may be put, so that its rows need not be copied one by one. */
  readonly input: Buffer;
  readonly #exports: Exports;
  readonly #result: Int32Array;
  readonly #expires: Float64Array;
  readonly #row: number;
  /** Where the command is that was made last. */
  readonly #out: number;
  readonly #key: Buffer;

  /** @param source where it is left out, rows can only be taken from elsewhere: see {@link take} */
  constructor(shape: CommandShape | null, expiry: Expiry, source?: RowSource) {
    const pieces: { readonly at: number; readonly bytes: Buffer }[] = [];
    let used = FREE;
    const reserve = (bytes: number): number => {
      const place = used;
      used = (used + bytes + SLACK + 7) & ~7;
      return place;
    };
    const put = (bytes: Buffer): number => {
      const at = reserve(bytes.length);
      pieces.push({ at, bytes });
      return at;
    };
    const range = (bytes: Buffer): [number, number] => {
      const at = put(bytes);
      return [at, at + bytes.length];
    };
    const columns = source?.columns ?? [];
    const parts = (source?.key ?? []).map((part) =>
      "column" in part ? [4 * part.column, 0, 0] : [-1, put(part.literal), part.literal.length],
    );
    const config: number[] = [columns.length, ...range(binaryColumns(columns))];
    config.push(reserve(LONGEST_TEXT * columns.length), ...range(words(parts.flat())));
    config.push(...shapeConfig(shape, expiry, { put, range, reserve }));
    this.#out = config[12] ?? 0;
    this.#row = reserve(ROW);
    const input = reserve(source === undefined ? 0 : INPUT);
    const { exports, memory } = instantiate(used);
    this.#exports = exports;
    for (const { at, bytes } of pieces) bytes.copy(memory, at);
    words(config).copy(memory, CONFIG);
    const numbers = (at: number, count: number) => new Int32Array(memory.buffer, at, count);
    this.bytes = memory;
    this.view = new DataView(memory.buffer);
    this.starts = numbers(STARTS, MOST_COLUMNS);
    this.lengths = numbers(LENGTHS, MOST_COLUMNS);
    this.input = memory.subarray(input, source === undefined ? input : input + INPUT);
    this.#result = numbers(RESULT, 5);
    this.#expires = new Float64Array(memory.buffer, EXPIRES, 1);
    this.#key = memory.subarray(KEY, KEY + KEY_ROOM);
  }

  /** Reads a tuple in `bytes[start, end)`. False where it has no place here, or is not what it should be. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes === this.input) {
      return this.#exports.read(bytes.byteOffset + start, bytes.byteOffset + end) !== 0;
    }
    if (end - start > ROW) return false;
    bytes.copy(this.bytes, this.#row, start, end);
    return this.#exports.read(this.#row, this.#row + end - start) !== 0;
  }

  /** Bytes of the row read last, the texts of its values included. */
  get size(): number {
    return this.#result[ROW_SIZE] as number;
  }

  /** Bytes of the key of the row read last; -1 where a part of it is NULL, -2 where it is too long to be kept here. */
  get keyLength(): number {
    return this.#result[KEY_LENGTH] as number;
  }

  /** The key of the row read last. */
  get key(): Buffer {
    return this.#key;
  }

  /** The hash of that key, in two halves. */
  get keyHigh(): number {
    return this.#result[KEY_HIGH] as number;
  }

  get keyLow(): number {
    return this.#result[KEY_LOW] as number;
  }

  /** Puts a row and its key here that are elsewhere. False where they are too large. */
  take(row: Pick<RowMachine, "bytes" | "starts" | "lengths">, key: Key): boolean {
    if (key.length > KEY_ROOM) return false;
    let at = this.#row;
    for (let column = 0; column < row.lengths.length; column++) {
      const length = row.lengths[column] as number;
      const start = row.starts[column] as number;
      this.starts[column] = at;
      this.lengths[column] = length;
      if (length <= 0) continue;
      if (at + length > this.#row + ROW) return false;
      row.bytes.copy(this.bytes, at, start, start + length);
      at += length;
    }
    key.bytes.copy(this.#key, 0, 0, key.length);
    this.#result[KEY_LENGTH] = key.length;
    return true;
  }

  /**
   * Makes a RESTORE of the row that is here.
   * @param longest bytes of a value, and `most` fields that a listpack may have
   * @returns its length; 0 where the row does not fit into one
   */
  restore(expires: number, longest: number, most: number): number {
    this.#expires[0] = expires;
    return this.#exports.restore(longest, most);
  }

  /** Makes a SET of the row that is here, and returns its length. See {@link hasRoom}. */
  set(expires: number): number {
    this.#expires[0] = expires;
    return this.#exports.set();
  }

  /** Copies the command that was made last. @returns the position after it */
  copy(to: Buffer, at: number, length: number): number {
    this.bytes.copy(to, at, this.#out, this.#out + length);
    return at + length;
  }

  /** Whether there is room for a document of so many bytes, or for the values of a hash. */
  static hasRoom(bytes: number): boolean {
    return bytes <= VALUES;
  }
}

interface Places {
  readonly put: (bytes: Buffer) => number;
  readonly range: (bytes: Buffer) => [number, number];
  readonly reserve: (bytes: number) => number;
}

/** The words of the configuration that say what is made of a row: from the seventh on. */
function shapeConfig(shape: CommandShape | null, expiry: Expiry, { put, range, reserve }: Places): number[] {
  const sized = (bytes: Buffer): [number, number] => [put(bytes), bytes.length];
  if (shape === null) return [];
  if (shape.command === "restore") {
    const names = entries(shape.fields.map(({ name }) => name));
    const constants = Buffer.concat(entries(shape.constants));
    const table = shape.fields.flatMap(({ column }, index) => [column, ...sized(names[index] as Buffer)]);
    const payload =
      VALUES + names.reduce((sum, name) => sum + name.length + ENTRY_OVERHEAD, constants.length + PAYLOAD_OVERHEAD);
    const command = [reserve(payload), reserve(payload + KEY_ROOM + COMMAND_OVERHEAD)];
    const texts = [...sized(expiry.restore), ...sized(expiry.restoreOptions)];
    return [...range(words(table)), ...sized(constants), shape.constants.length / 2, ...command, ...texts];
  }
  const table = shape.members.flatMap(({ label, column, text }) => [column, text ? 1 : 0, ...sized(label)]);
  const command = [0, 0, reserve(VALUES + KEY_ROOM + COMMAND_OVERHEAD)];
  const texts = [...sized(SET_EXPIRE), ...sized(expiry.setOption), ...sized(SET)];
  return [...range(words(table)), ...sized(shape.tail), ...command, ...texts];
}

/** Where in its row's table, form, and size of each column that comes in a binary form. */
function binaryColumns(columns: readonly WireForm[]): Buffer {
  return words(
    columns.flatMap((form, column) =>
      form === "bytes" ? [] : [4 * column, FORMS.indexOf(form), writerOf(form)?.size ?? 0],
    ),
  );
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt32LE(value, 4 * index);
  return bytes;
}
