/**
 * The payload of RESTORE for hashes, made of rows by payload.as. Each encoder has a memory of its own, which holds the
 * names of its fields, the row at hand, and the payload that is being made.
 */
import { payloadModule } from "./module.ts";

interface Exports {
  readonly start: () => void;
  readonly crc64: (from: number, to: number) => bigint;
  readonly putEntry: (out: number, from: number, length: number) => number;
  readonly payload: (
    out: number,
    end: number,
    row: number,
    starts: number,
    lengths: number,
    fields: number,
    fieldsEnd: number,
    constants: number,
    constantsLength: number,
    count: number,
  ) => number;
}

/** Bytes of the tables of the checksum, at the beginning of every memory. */
const TABLES = 16 * 256 * 8;
const PAGE = 64 * 1024;
/** What may be read and written behind the end of anything. */
const SLACK = 8;
/** Bytes around the data of an entry, at most; around a listpack: type, length, header, end, version, checksum. */
const ENTRY_OVERHEAD = 10;
const PAYLOAD_OVERHEAD = 32;
/** Columns that PostgreSQL can select. */
const MOST_COLUMNS = 1664;
/** Bytes of a row, its texts included. A larger one, and so its hash, is no case for a listpack. */
const ROW_BYTES = 40 * 1024;

/** What is used of the global WebAssembly, whose types come with those of browsers only. */
interface WebAssemblyApi {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (binary: Buffer) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

let compiled: object | undefined;

function instantiate(bytes: number): { readonly exports: Exports; readonly memory: Buffer } {
  compiled ??= new WebAssembly.Module(Buffer.from(payloadModule, "base64"));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  const exports = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Exports;
  exports.start();
  return { exports, memory: Buffer.from(memory.buffer) };
}

/** CRC-64 of Redis. For tests: payloads come with theirs. */
export function crc64(bytes: Buffer): bigint {
  const { exports, memory } = instantiate(TABLES + bytes.length + SLACK);
  bytes.copy(memory, TABLES);
  return BigInt.asUintN(64, exports.crc64(TABLES, TABLES + bytes.length));
}

/** Each as an entry of a listpack: whole numbers in their shortest form as integers, as Redis stores them. */
export function entries(values: readonly Buffer[]): Buffer[] {
  const longest = Math.max(0, ...values.map((value) => value.length));
  const out = TABLES + longest + SLACK;
  const { exports, memory } = instantiate(out + longest + ENTRY_OVERHEAD + SLACK);
  return values.map((value) => {
    value.copy(memory, TABLES);
    return Buffer.from(memory.subarray(out, exports.putEntry(out, TABLES, value.length)));
  });
}

/** Where a row may be put, so that it need not be copied again: see {@link Tuple}. */
export interface RowMemory {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** By column: where its bytes begin, and how many they are, -1 for NULL. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
}

/** Makes payloads of rows. */
export class PayloadMaker {
  /** A tuple that is read to here is encoded from here. */
  readonly row: RowMemory;
  /** Where the last payload ends. */
  end = 0;
  /** The memory, and a view of it: of what `make` returned up to `end`. */
  readonly view: DataView;
  readonly #make: Exports["payload"];
  readonly #result: Int32Array;
  readonly #out: number;
  readonly #end: number;
  readonly #bytes: number;
  readonly #starts: number;
  readonly #lengths: number;
  readonly #fields: number;
  readonly #fieldsEnd: number;
  readonly #constants: number;
  readonly #constantsLength: number;

  /**
   * @param fields the column of each, and its name
   * @param constants names and values of fields that every row has, in turn
   */
  constructor(fields: readonly { readonly name: Buffer; readonly column: number }[], constants: readonly Buffer[]) {
    const names = entries(fields.map(({ name }) => name));
    const constant = Buffer.concat(entries(constants));
    let used = TABLES;
    const reserve = (bytes: number): number => {
      const place = used;
      used = (used + bytes + SLACK + 7) & ~7;
      return place;
    };
    const result = reserve(4);
    const starts = reserve(4 * MOST_COLUMNS);
    const lengths = reserve(4 * MOST_COLUMNS);
    const table = reserve(12 * fields.length);
    const namePlaces = names.map((name) => reserve(name.length));
    const constantPlace = reserve(constant.length);
    const row = reserve(ROW_BYTES);
    const namesLength = names.reduce((sum, name) => sum + name.length, 0);
    const out = reserve(ROW_BYTES + namesLength + constant.length + ENTRY_OVERHEAD * fields.length + PAYLOAD_OVERHEAD);
    const { exports, memory } = instantiate(used);
    for (const [index, field] of fields.entries()) {
      const name = names[index] as Buffer;
      const place = namePlaces[index] as number;
      name.copy(memory, place);
      for (const [word, value] of [field.column, place, name.length].entries()) {
        memory.writeUInt32LE(value, table + 12 * index + 4 * word);
      }
    }
    constant.copy(memory, constantPlace);
    const words = (at: number, count: number) => new Int32Array(memory.buffer, at, count);
    const bytes = memory.subarray(row, row + ROW_BYTES);
    const view = new DataView(memory.buffer, row, ROW_BYTES);
    this.row = { bytes, view, starts: words(starts, MOST_COLUMNS), lengths: words(lengths, MOST_COLUMNS) };
    this.view = new DataView(memory.buffer);
    this.#result = words(result, 1);
    this.#make = exports.payload;
    this.#out = out;
    this.#end = result;
    this.#bytes = row;
    this.#starts = starts;
    this.#lengths = lengths;
    this.#fields = table;
    this.#fieldsEnd = table + 12 * fields.length;
    this.#constants = constantPlace;
    this.#constantsLength = constant.length;
  }

  /** Puts a row here that is elsewhere. False where it is too large. */
  take(row: RowMemory): boolean {
    const { bytes, starts, lengths } = this.row;
    let at = 0;
    for (let column = 0; column < row.lengths.length; column++) {
      const length = row.lengths[column] as number;
      starts[column] = at;
      lengths[column] = length;
      if (length <= 0) continue;
      if (at + length > bytes.length) return false;
      const start = row.starts[column] as number;
      row.bytes.copy(bytes, at, start, start + length);
      at += length;
    }
    return true;
  }

  /**
   * Makes the payload of the row that is here.
   * @param count fields that are not NULL, constants among them
   * @returns where it begins in `view`; it ends at `end`
   */
  make(count: number): number {
    const begin = this.#make(
      this.#out,
      this.#end,
      this.#bytes,
      this.#starts,
      this.#lengths,
      this.#fields,
      this.#fieldsEnd,
      this.#constants,
      this.#constantsLength,
      count,
    );
    this.end = this.#result[0] as number;
    return begin;
  }
}
