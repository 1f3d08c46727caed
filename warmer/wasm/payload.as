// The payload of RESTORE for a hash in one listpack, made of the bytes of a row: byte for byte what DUMP gives for a
// hash that was written by HSET, so that both engines leave the same data. AssemblyScript, because it is most of the
// work per row, and 64-bit integers and unchecked words make it five times as fast as in JavaScript.
//
// rows.ts lays the memory out; module.ts holds it compiled. After a change: node scripts/wasm.mjs
import { copy, TABLES } from "./layout";

const REFLECTED: u64 = 0x95ac9329ac4bc9b5;

/** Fills the tables; once. */
export function start(): void {
  for (let value: u64 = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ REFLECTED : crc >> 1;
    store<u64>(TABLES + ((<usize>value) << 3), crc);
  }
  for (let table: usize = 1; table < 16; table++) {
    for (let value: usize = 0; value < 256; value++) {
      const before = load<u64>(TABLES + ((table - 1) << 11) + (value << 3));
      store<u64>(TABLES + (table << 11) + (value << 3), load<u64>(TABLES + ((<usize>(before & 255)) << 3)) ^ (before >> 8));
    }
  }
}

@inline
function at(table: usize, word: u64, shift: u64): u64 {
  return load<u64>(TABLES + (table << 11) + (((<usize>(word >> shift)) & 255) << 3));
}

/** CRC-64 as Redis computes it for DUMP and RESTORE: polynomial 0xad93d23594c935a9 of Jones, reflected, from 0. */
export function crc64(from: usize, to: usize): u64 {
  let crc: u64 = 0;
  let p = from;
  for (; p + 16 <= to; p += 16) {
    const a = crc ^ load<u64>(p);
    const b = load<u64>(p + 8);
    crc =
      at(15, a, 0) ^ at(14, a, 8) ^ at(13, a, 16) ^ at(12, a, 24) ^ at(11, a, 32) ^ at(10, a, 40) ^ at(9, a, 48) ^ at(8, a, 56) ^
      at(7, b, 0) ^ at(6, b, 8) ^ at(5, b, 16) ^ at(4, b, 24) ^ at(3, b, 32) ^ at(2, b, 40) ^ at(1, b, 48) ^ at(0, b, 56);
  }
  for (; p < to; p++) crc = load<u64>(TABLES + (((<usize>crc ^ load<u8>(p)) & 255) << 3)) ^ (crc >> 8);
  return crc;
}

/** The length of an entry, once more behind it: seven bits a byte, high part first. Redis's limits, odd as they are. */
function putBacklen(out: usize, length: usize): usize {
  if (length <= 127) {
    store<u8>(out, <u8>length);
    return out + 1;
  }
  const size: usize = length < 16383 ? 2 : length < 2097151 ? 3 : length < 268435455 ? 4 : 5;
  let rest = length;
  for (let index = size; index > 0; index--) {
    store<u8>(out + index - 1, <u8>((rest & 127) | (index == 1 ? 0 : 128)));
    rest >>= 7;
  }
  return out + size;
}

@inline
function putString(out: usize, from: usize, length: usize): usize {
  if (length < 64) {
    store<u8>(out, <u8>(0x80 | length));
    const end = copy(out + 1, from, length);
    store<u8>(end, <u8>(length + 1));
    return end + 1;
  }
  let data: usize;
  if (length < 4096) {
    store<u8>(out, <u8>(0xe0 | (length >> 8)));
    store<u8>(out + 1, <u8>length);
    data = out + 2;
  } else {
    store<u8>(out, 0xf0);
    store<u32>(out + 1, <u32>length);
    data = out + 5;
  }
  const end = copy(data, from, length);
  return putBacklen(end, end - out);
}

@inline
function putInteger(out: usize, value: i64): usize {
  let end: usize;
  if (value >= 0 && value <= 127) {
    store<u8>(out, <u8>value);
    end = out + 1;
  } else if (value >= -4096 && value <= 4095) {
    store<u8>(out, <u8>(0xc0 | ((value >> 8) & 31)));
    store<u8>(out + 1, <u8>value);
    end = out + 2;
  } else if (value >= -32768 && value <= 32767) {
    store<u8>(out, 0xf1);
    store<u16>(out + 1, <u16>value);
    end = out + 3;
  } else if (value >= -8388608 && value <= 8388607) {
    store<u8>(out, 0xf2);
    store<u32>(out + 1, <u32>value);
    end = out + 4;
  } else if (value >= -2147483648 && value <= 2147483647) {
    store<u8>(out, 0xf3);
    store<u32>(out + 1, <u32>value);
    end = out + 5;
  } else {
    store<u8>(out, 0xf4);
    store<u64>(out + 1, <u64>value);
    end = out + 9;
  }
  store<u8>(end, <u8>(end - out));
  return end + 1;
}

/** One entry: a whole number in its shortest form as an integer, as Redis stores it, else a string. */
@inline
export function putEntry(out: usize, from: usize, length: usize): usize {
  const first = load<u8>(from);
  const negative = first == 45;
  if (length == 0 || length > 20 || (!negative && (first < 48 || first > 57))) return putString(out, from, length);
  const digits = negative ? from + 1 : from;
  const end = from + length;
  const lead = load<u8>(digits);
  if (digits == end || lead < 48 || lead > 57 || (lead == 48 && length > 1)) return putString(out, from, length);
  // 19 digits fit into 64 bits without a sign; whether into those with one, the comparison tells.
  let value: u64 = 0;
  for (let p = digits; p < end; p++) {
    const digit = load<u8>(p) - 48;
    if (digit > 9) return putString(out, from, length);
    value = value * 10 + digit;
  }
  if (end - digits > 19) return putString(out, from, length);
  if (negative ? value > 0x8000000000000000 : value > 0x7fffffffffffffff) return putString(out, from, length);
  return putInteger(out, negative ? -(<i64>value) : <i64>value);
}

/**
 * Writes a payload and returns where it begins; `end` is where it is told where it ends. It begins up to 6 bytes
 * behind `out`, because its length comes before it and takes 1, 2 or 5 bytes.
 *
 * `row`: the bytes of the row. `starts`, `lengths`: an i32 for each column, -1 for NULL. `fields`: three u32 for each,
 * its column, and where its name is as an entry, and how long. `constants`: entries that every row has. `count`: fields
 * that are not NULL, constants among them. Up to 8 bytes behind what is read and written may be read and written.
 */
export function payload(
  out: usize,
  end: usize,
  row: usize,
  starts: usize,
  lengths: usize,
  fields: usize,
  fieldsEnd: usize,
  constants: usize,
  constantsLength: usize,
  count: u32,
): usize {
  const pack = out + 6;
  let p = pack + 6;
  for (let field = fields; field < fieldsEnd; field += 12) {
    const column = (<usize>load<u32>(field)) << 2;
    const length = load<i32>(lengths + column);
    if (length < 0) continue;
    p = copy(p, load<u32>(field, 4), load<u32>(field, 8));
    p = putEntry(p, row + load<u32>(starts + column), <usize>length);
  }
  p = copy(p, constants, constantsLength);
  store<u8>(p, 0xff);
  p += 1;
  const size = <u32>(p - pack);
  store<u32>(pack, size);
  store<u16>(pack + 4, <u16>(2 * count));
  let head: usize;
  if (size < 64) {
    head = pack - 2;
    store<u8>(pack - 1, <u8>size);
  } else if (size < 16384) {
    head = pack - 3;
    store<u8>(pack - 2, <u8>(0x40 | (size >> 8)));
    store<u8>(pack - 1, <u8>size);
  } else {
    head = pack - 6;
    store<u8>(pack - 5, 0x80);
    store<u32>(pack - 4, bswap<u32>(size));
  }
  // RDB type of a hash in one listpack; behind it the version that goes with it, Redis 7.0's.
  store<u8>(head, 16);
  store<u16>(p, 10);
  p += 2;
  store<u64>(p, crc64(head, p));
  store<u32>(end, <u32>(p + 8));
  return head;
}
