/** A row as COPY sends it in its binary format; null stands for NULL. */
export function copiedRow(values: readonly (Uint8Array | null)[]): Buffer {
  const head = Buffer.alloc(2);
  head.writeInt16BE(values.length);
  const pieces = values.map((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : value.length);
    return Buffer.concat([length, value ?? Buffer.alloc(0)]);
  });
  return Buffer.concat([head, ...pieces]);
}

/** An int8 as PostgreSQL sends it, or a timestamp in microseconds. */
export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
