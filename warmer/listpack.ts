/**
 * Listpack entries and the payload of RESTORE, byte for byte as Redis itself would make them of the same HSET, so
 * that the two engines leave the same data.
 *
 * An entry is: encoding and length, the data, and its own length once more (`backlen`) for reading backwards.
 * Strings that are whole numbers in their shortest form are stored as integers, as Redis does.
 */
import { putWords } from "./resp.ts";
import { viewOf } from "./views.ts";

/** RDB type of a hash in one listpack (Redis 7.0 and newer), and the RDB version that goes with it. */
export const RDB_TYPE_HASH_LISTPACK = 16;
export const RDB_VERSION = 10;

/** Bytes before the first entry of a listpack: its size and its number of entries. */
export const LISTPACK_HEADER = 6;
export const LISTPACK_END = 0xff;

/** At most this many bytes surround the data of an entry. */
export const ENTRY_OVERHEAD = 10;

/** Above 15 digits a double is not exact; those few numbers take the slow way. */
const EXACT_DIGITS = 15;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Writes the length of an entry, high part first, seven bits a byte. */
function putBacklen(out: Buffer, at: number, length: number): number {
  if (length <= 127) {
    out[at] = length;
    return at + 1;
  }
  // Redis's own limits, one below the powers of two.
  const size = length < 16_383 ? 2 : length < 2_097_151 ? 3 : length < 268_435_455 ? 4 : 5;
  let rest = length;
  for (let index = size - 1; index >= 0; index--) {
    out[at + index] = (rest & 127) | (index === 0 ? 0 : 128);
    rest = Math.floor(rest / 128);
  }
  return at + size;
}

function putBigEntry(out: Buffer, at: number, value: bigint): number {
  out[at] = 0xf4;
  out.writeBigInt64LE(value, at + 1);
  out[at + 9] = 9;
  return at + 10;
}

/** Writes a whole number, at most 15 digits, in the shortest of Redis's integer encodings. */
function putIntegerEntry(out: Buffer, at: number, value: number): number {
  let end: number;
  if (value >= 0 && value <= 127) {
    out[at] = value;
    end = at + 1;
  } else if (value >= -4096 && value <= 4095) {
    const bits = value < 0 ? value + 8192 : value;
    out[at] = 0xc0 | (bits >> 8);
    out[at + 1] = bits & 255;
    end = at + 2;
  } else if (value >= -32_768 && value <= 32_767) {
    out[at] = 0xf1;
    end = out.writeInt16LE(value, at + 1);
  } else if (value >= -8_388_608 && value <= 8_388_607) {
    out[at] = 0xf2;
    end = out.writeIntLE(value, at + 1, 3);
  } else if (value >= -2_147_483_648 && value <= 2_147_483_647) {
    out[at] = 0xf3;
    end = out.writeInt32LE(value, at + 1);
  } else {
    return putBigEntry(out, at, BigInt(value));
  }
  out[end] = end - at;
  return end + 1;
}

/** Writes bytes that are no integer. */
function putStringEntry(
  out: Buffer,
  target: DataView,
  at: number,
  source: DataView,
  start: number,
  length: number,
): number {
  let data: number;
  if (length < 64) {
    out[at] = 0x80 | length;
    data = at + 1;
  } else if (length < 4096) {
    out[at] = 0xe0 | (length >> 8);
    out[at + 1] = length & 255;
    data = at + 2;
  } else {
    out[at] = 0xf0;
    data = out.writeUInt32LE(length, at + 1);
  }
  const end = putWords(target, data, source, start, length);
  return putBacklen(out, end, end - at);
}

/** Whether the bytes are a whole number as Redis prints it: no plus sign, no leading zero, no "-0". */
function looksInteger(source: Buffer, start: number, length: number): boolean {
  const first = source[start] as number;
  const negative = first === 45;
  if (!negative && (first < 48 || first > 57)) return false;
  if (length > 20) return false;
  const lead = negative ? source[start + 1] : first;
  if (lead === undefined || lead < 48 || lead > 57) return false;
  if (lead === 48 && (length > 1 || negative)) return false;
  if (negative && length === 1) return false;
  for (let index = start + 1; index < start + length; index++) {
    const byte = source[index] as number;
    if (byte < 48 || byte > 57) return false;
  }
  return true;
}

/**
 * Writes one entry: `length` bytes of `source` from `start`. Needs `length + ENTRY_OVERHEAD` bytes of room.
 * @param target, view views of `out` and of `source`
 */
export function putEntry(
  out: Buffer,
  target: DataView,
  at: number,
  source: Buffer,
  view: DataView,
  start: number,
  length: number,
): number {
  if (length === 0 || !looksInteger(source, start, length)) {
    return putStringEntry(out, target, at, view, start, length);
  }
  const negative = source[start] === 45;
  if (length <= EXACT_DIGITS) {
    let value = 0;
    for (let index = negative ? start + 1 : start; index < start + length; index++) {
      value = value * 10 + (source[index] as number) - 48;
    }
    return putIntegerEntry(out, at, negative ? -value : value);
  }
  const value = BigInt(source.toString("latin1", start, start + length));
  if (value < INT64_MIN || value > INT64_MAX) return putStringEntry(out, target, at, view, start, length);
  return putBigEntry(out, at, value);
}

/** An entry in a buffer of its own: for field names and constants, encoded once. */
export function entry(bytes: Buffer): Buffer {
  const out = Buffer.alloc(bytes.length + ENTRY_OVERHEAD);
  return Buffer.from(out.subarray(0, putEntry(out, viewOf(out), 0, bytes, viewOf(bytes), 0, bytes.length)));
}

/** Bytes that an RDB length takes: 1, 2 or 5. */
export function rdbLengthSize(length: number): number {
  return length < 64 ? 1 : length < 16_384 ? 2 : 5;
}

/** Writes an RDB length. */
export function putRdbLength(out: Buffer, at: number, length: number): number {
  if (length < 64) {
    out[at] = length;
    return at + 1;
  }
  if (length < 16_384) {
    out[at] = 0x40 | (length >> 8);
    out[at + 1] = length & 255;
    return at + 2;
  }
  out[at] = 0x80;
  return out.writeUInt32BE(length, at + 1);
}
