/**
 * CRC-64 as Redis computes it for DUMP and RESTORE (polynomial 0xad93d23594c935a9 of Jones, reflected, from 0).
 * Eight bytes a step, in 32-bit halves: JavaScript has no fast 64-bit integers.
 */
import { viewOf } from "./views.ts";

const REFLECTED = 0x95ac9329ac4bc9b5n;
const STEP = 8;
/** Places in the table for one byte of a step: both halves of 256 checksums. */
const ROW = 512;

/** For each byte of a step and each of its values: low half, high half. One array, so that one bound is checked. */
function makeTable(): Int32Array {
  const table = new Int32Array(STEP * ROW);
  const first: bigint[] = [];
  let before: bigint[] = [];
  for (let byte = 0; byte < STEP; byte++) {
    const checksums = Array.from({ length: 256 }, (_, value) => {
      const last = before[value];
      if (last !== undefined) return (first[Number(last & 255n)] ?? 0n) ^ (last >> 8n);
      let crc = BigInt(value);
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ REFLECTED : crc >> 1n;
      return crc;
    });
    if (byte === 0) first.push(...checksums);
    before = checksums;
    for (const [value, crc] of checksums.entries()) {
      table[byte * ROW + 2 * value] = Number(BigInt.asIntN(32, crc));
      table[byte * ROW + 2 * value + 1] = Number(BigInt.asIntN(32, crc >> 32n));
    }
  }
  return table;
}

let made: Int32Array | undefined;

/** Writes the CRC of `bytes[start, end)` at `at` of the same buffer, little-endian; returns the position after it. */
export function putCrc64(bytes: Buffer, start: number, end: number, at: number): number {
  made ??= makeTable();
  const table = made;
  const view = viewOf(bytes);
  let low = 0;
  let high = 0;
  let index = start;
  for (; index + STEP <= end; index += STEP) {
    low ^= view.getInt32(index, true);
    high ^= view.getInt32(index + 4, true);
    // Where each of the eight bytes stands in the table: its row, and twice its value. The casts of what is read tell
    // the compiler that it is there, at no cost.
    const a = (7 * ROW) | ((low << 1) & 510);
    const b = (6 * ROW) | ((low >>> 7) & 510);
    const c = (5 * ROW) | ((low >>> 15) & 510);
    const d = (4 * ROW) | ((low >>> 23) & 510);
    const e = (3 * ROW) | ((high << 1) & 510);
    const f = (2 * ROW) | ((high >>> 7) & 510);
    const g = ROW | ((high >>> 15) & 510);
    const h = (high >>> 23) & 510;
    low =
      (table[a] as number) ^
      (table[b] as number) ^
      (table[c] as number) ^
      (table[d] as number) ^
      (table[e] as number) ^
      (table[f] as number) ^
      (table[g] as number) ^
      (table[h] as number);
    high =
      (table[a + 1] as number) ^
      (table[b + 1] as number) ^
      (table[c + 1] as number) ^
      (table[d + 1] as number) ^
      (table[e + 1] as number) ^
      (table[f + 1] as number) ^
      (table[g + 1] as number) ^
      (table[h + 1] as number);
  }
  for (; index < end; index++) {
    const place = 2 * ((low ^ (bytes[index] as number)) & 255);
    low = ((low >>> 8) | (high << 24)) ^ (table[place] as number);
    high = (high >>> 8) ^ (table[place + 1] as number);
  }
  view.setInt32(at, low, true);
  view.setInt32(at + 4, high, true);
  return at + STEP;
}
