/** A tuple of COPY's binary format is not what was expected: a proxy or a server of another kind. */
export class TupleError extends Error {
  override name = "TupleError";
}

/**
 * A row as it came over the network: where each column's bytes lie. One object serves all rows of a dataset, and is
 * only valid until the next one is read.
 */
export class Tuple {
  /** What the positions refer to. */
  bytes: Buffer = Buffer.alloc(0);
  readonly starts: Int32Array;
  /** -1 stands for NULL. */
  readonly lengths: Int32Array;

  constructor(width: number) {
    this.starts = new Int32Array(width);
    this.lengths = new Int32Array(width);
  }

  /**
   * Points at the tuple in `bytes[start, end)`.
   * @throws TupleError where it does not fill exactly that
   */
  read(bytes: Buffer, start: number, end: number): void {
    const { starts, lengths } = this;
    const width = starts.length;
    this.bytes = bytes;
    const count = bytes.readInt16BE(start);
    let at = start + 2;
    for (let index = 0; index < width; index++) {
      if (at + 4 > end) break;
      const length =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number);
      at += 4;
      starts[index] = at;
      lengths[index] = length;
      if (length > 0) at += length;
    }
    if (count !== width || at !== end) {
      throw new TupleError(
        `PostgreSQL sent a row of ${count} columns and ${end - start} bytes; ${width} columns were asked for`,
      );
    }
  }

  /** A copy of a column's bytes, or null. */
  copy(column: number): Buffer | null {
    const length = this.lengths[column] ?? -1;
    const start = this.starts[column] ?? 0;
    return length < 0 ? null : Buffer.from(this.bytes.subarray(start, start + length));
  }

  /** A column that is an int8; beyond 2^53 it is not exact. Undefined for NULL. */
  integer(column: number): number | undefined {
    if (this.lengths[column] !== 8) return undefined;
    const start = this.starts[column] as number;
    return this.bytes.readInt32BE(start) * 0x100000000 + this.bytes.readUInt32BE(start + 4);
  }
}
