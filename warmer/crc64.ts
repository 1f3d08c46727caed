/**
 * CRC-64 as Redis computes it for DUMP and RESTORE (polynomial 0xad93d23594c935a9 of Jones, reflected, from 0).
 * Eight bytes a step, in 32-bit halves: JavaScript has no fast 64-bit integers.
 */

const REFLECTED = 0x95ac9329ac4bc9b5n;
const STEPS = 8;

function makeTables(): { low: Int32Array[]; high: Int32Array[] } {
  const tables: bigint[][] = [];
  for (let step = 0; step < STEPS; step++) {
    const before = tables[step - 1];
    const first = tables[0];
    tables.push(
      Array.from({ length: 256 }, (_, byte) => {
        if (before === undefined || first === undefined) {
          let crc = BigInt(byte);
          for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ REFLECTED : crc >> 1n;
          return crc;
        }
        const crc = before[byte] ?? 0n;
        return (first[Number(crc & 255n)] ?? 0n) ^ (crc >> 8n);
      }),
    );
  }
  return {
    low: tables.map((table) => Int32Array.from(table, (crc) => Number(BigInt.asIntN(32, crc)))),
    high: tables.map((table) => Int32Array.from(table, (crc) => Number(BigInt.asIntN(32, crc >> 32n)))),
  };
}

const { low, high } = makeTables();
const [L0, L1, L2, L3, L4, L5, L6, L7] = low as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];
const [H0, H1, H2, H3, H4, H5, H6, H7] = high as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** Writes the CRC of `bytes[start, end)` at `at` of the same buffer, little-endian; returns the position after it. */
export function putCrc64(bytes: Buffer, start: number, end: number, at: number): number {
  let lo = 0;
  let hi = 0;
  let index = start;
  // Typed-array reads are numbers while inside the buffer; the casts say so to the compiler at no cost.
  for (; index + STEPS <= end; index += STEPS) {
    lo ^=
      (bytes[index] as number) |
      ((bytes[index + 1] as number) << 8) |
      ((bytes[index + 2] as number) << 16) |
      ((bytes[index + 3] as number) << 24);
    hi ^=
      (bytes[index + 4] as number) |
      ((bytes[index + 5] as number) << 8) |
      ((bytes[index + 6] as number) << 16) |
      ((bytes[index + 7] as number) << 24);
    const a = lo & 255;
    const b = (lo >>> 8) & 255;
    const c = (lo >>> 16) & 255;
    const d = lo >>> 24;
    const e = hi & 255;
    const f = (hi >>> 8) & 255;
    const g = (hi >>> 16) & 255;
    const h = hi >>> 24;
    lo =
      (L7[a] as number) ^
      (L6[b] as number) ^
      (L5[c] as number) ^
      (L4[d] as number) ^
      (L3[e] as number) ^
      (L2[f] as number) ^
      (L1[g] as number) ^
      (L0[h] as number);
    hi =
      (H7[a] as number) ^
      (H6[b] as number) ^
      (H5[c] as number) ^
      (H4[d] as number) ^
      (H3[e] as number) ^
      (H2[f] as number) ^
      (H1[g] as number) ^
      (H0[h] as number);
  }
  for (; index < end; index++) {
    const byte = (lo ^ (bytes[index] as number)) & 255;
    lo = ((lo >>> 8) | (hi << 24)) ^ (L0[byte] as number);
    hi = (hi >>> 8) ^ (H0[byte] as number);
  }
  bytes.writeInt32LE(lo, at);
  return bytes.writeInt32LE(hi, at + 4);
}
