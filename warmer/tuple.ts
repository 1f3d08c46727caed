import type { WireForm } from "./postgres/wire.ts";
import { LONGEST_TEXT, WireError, writerOf } from "./postgres/wire.ts";
import { viewOf } from "./views.ts";
import type { RowMachine } from "./wasm/rows.ts";

/** A tuple of COPY's binary format is not what was expected: a proxy or a server of another kind. */
export class TupleError extends Error {
  override name = "TupleError";
}

const NOTHING = Buffer.alloc(0);
const LARGEST_KEPT = 1024 * 1024;

/**
 * A row as bytes: where those of each column lie. One object serves all rows of a dataset, and is only valid until the
 * next one is read.
 */
export class Tuple {
  /** What the positions refer to, and a view of it. */
  bytes: Buffer = NOTHING;
  view: DataView = viewOf(NOTHING);
  starts: Int32Array;
  /** -1 stands for NULL. */
  lengths: Int32Array;
  /** Those of rows that no machine has read. */
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  /** Columns that come in a binary form of PostgreSQL, and that form. */
  readonly #binary: Int32Array;
  readonly #writers: readonly ReturnType<typeof writerOf>[];
  /** Rows are copied to here, so that the text of such columns can stand behind them. */
  #copy: Buffer = NOTHING;
  readonly #machine: RowMachine | undefined;
  /** Bytes of the row read last, the texts of its values included: no column is longer, nor all of them together. */
  size = 0;

  /**
   * @param columns the form in which each comes; or how many there are, all of them as bytes
   * @param machine reads the rows that it has a place for
   */
  constructor(columns: number | readonly WireForm[], machine?: RowMachine) {
    const forms = typeof columns === "number" ? [] : columns;
    const width = typeof columns === "number" ? columns : columns.length;
    this.#machine = machine;
    this.#starts = new Int32Array(width);
    this.#lengths = new Int32Array(width);
    this.starts = this.#starts;
    this.lengths = this.#lengths;
    this.#binary = Int32Array.from(forms.flatMap((form, index) => (form === "bytes" ? [] : [index])));
    this.#writers = forms.filter((form) => form !== "bytes").map(writerOf);
  }

  /**
   * Points at the tuple in `bytes[start, end)`.
   * @throws TupleError where it does not fill exactly that; WireError where a value is not what its type says
   */
  read(bytes: Buffer, start: number, end: number): void {
    const machine = this.#machine;
    if (machine?.read(bytes, start, end)) {
      this.bytes = machine.bytes;
      this.view = machine.view;
      this.starts = machine.starts;
      this.lengths = machine.lengths;
      this.size = machine.size;
      return;
    }
    const size = end - start;
    const room = size + this.#binary.length * LONGEST_TEXT;
    this.starts = this.#starts;
    this.lengths = this.#lengths;
    this.#makeRoom(room);
    bytes.copy(this.bytes, 0, start, end);
    this.#locate(size);
    this.#writeTexts(size);
    this.size = room;
  }

  #makeRoom(room: number): void {
    // A value that was very large is not kept for the rest of the run.
    const tooLarge = this.#copy.length > LARGEST_KEPT && room < LARGEST_KEPT / 2;
    if (room > this.#copy.length || tooLarge) this.#copy = Buffer.allocUnsafeSlow(2 * room);
    if (this.bytes === this.#copy) return;
    this.bytes = this.#copy;
    this.view = viewOf(this.#copy);
  }

  #locate(end: number): void {
    const { starts, lengths, view } = this;
    const width = starts.length;
    const count = end < 2 ? -1 : view.getInt16(0);
    let at = 2;
    for (let index = 0; index < width; index++) {
      if (at + 4 > end) break;
      const length = view.getInt32(at);
      at += 4;
      starts[index] = at;
      lengths[index] = length;
      if (length > 0) at += length;
    }
    if (count !== width || at !== end) {
      throw new TupleError(
        `PostgreSQL sent a row of ${count} columns and ${end} bytes; ${width} columns were asked for`,
      );
    }
  }

  /** Writes the text of each value that came in binary behind the row. */
  #writeTexts(behind: number): void {
    const { starts, lengths, bytes } = this;
    const binary = this.#binary;
    let at = behind;
    for (let index = 0; index < binary.length; index++) {
      const column = binary[index] as number;
      const length = lengths[column] as number;
      if (length < 0) continue;
      const start = starts[column] as number;
      const writer = this.#writers[index] as ReturnType<typeof writerOf>;
      if (writer === null) {
        // jsonb: a byte of its version, and its text.
        starts[column] = start + 1;
        lengths[column] = length - 1;
        continue;
      }
      if (length !== writer.size) {
        throw new WireError(`PostgreSQL sent ${length} bytes where a value has ${writer.size}`);
      }
      const end = writer.put(bytes, at, this.view, start);
      starts[column] = at;
      lengths[column] = end < 0 ? -1 : end - at;
      if (end >= 0) at = end;
    }
  }

  /** The row as it is now, in memory of its own. */
  keep(): Tuple {
    const width = this.#lengths.length;
    const lengths = this.lengths.subarray(0, width); // a machine's may be of more columns
    const kept = new Tuple(width);
    kept.lengths.set(lengths);
    kept.size = lengths.reduce((sum, length) => sum + Math.max(0, length), 0);
    kept.bytes = Buffer.allocUnsafe(kept.size);
    kept.view = new DataView(kept.bytes.buffer, kept.bytes.byteOffset, kept.size); // no place among those of use
    let at = 0;
    for (let column = 0; column < width; column++) {
      const [start, length] = [this.starts[column] as number, lengths[column] as number];
      kept.starts[column] = at;
      if (length > 0) at += this.bytes.copy(kept.bytes, at, start, start + length);
    }
    return kept;
  }

  /** A copy of a column's bytes, or null. */
  copy(column: number): Buffer | null {
    const length = this.lengths[column] ?? -1;
    const start = this.starts[column] ?? 0;
    return length < 0 ? null : Buffer.from(this.bytes.subarray(start, start + length));
  }

  /** A column that is an int8 and comes as bytes; beyond 2^53 it is not exact. Undefined for NULL. */
  integer(column: number): number | undefined {
    if (this.lengths[column] !== 8) return undefined;
    const start = this.starts[column] as number;
    return this.bytes.readInt32BE(start) * 0x100000000 + this.bytes.readUInt32BE(start + 4);
  }
}
