// Where everything is that has a fixed place in the memory of an instance. rows.ts has the same numbers.

/** Sixteen tables of 256 checksums, for sixteen bytes a step. */
export const TABLES: usize = 0;
/** What is told of the row at hand: words of 32 bits. */
export const PAYLOAD_END: usize = 32768;
export const KEY_LENGTH: usize = 32772;
export const KEY_HIGH: usize = 32776;
export const KEY_LOW: usize = 32780;
export const ROW_SIZE: usize = 32784;
/** When the key expires: an f64. */
export const EXPIRES: usize = 32792;
/** Words that say what rows look like, and what becomes of them. */
const CONFIG: usize = 32832;
/** By column: where its bytes begin, and how many they are, -1 for NULL. */
export const STARTS: usize = 33024;
export const LENGTHS: usize = 39744;
export const KEY: usize = 46464;
/** Bytes of a key for which there is room. */
export const KEY_ROOM: usize = 1024;

/** A word of the configuration. */
@inline
export function config(index: usize): usize {
  return load<u32>(CONFIG + (index << 2));
}

/** Copies whole words: room for 7 bytes behind both is the caller's business. */
@inline
export function copy(to: usize, from: usize, length: usize): usize {
  let i: usize = 0;
  for (; i < length; i += 8) store<u64>(to + i, load<u64>(from + i));
  return to + length;
}

/** `\r\n`. */
@inline
export function putLineEnd(out: usize): usize {
  store<u16>(out, 0x0a0d);
  return out + 2;
}

function digits32(value: u32): usize {
  if (value < 10000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 100000000) return value < 1000000 ? (value < 100000 ? 5 : 6) : value < 10000000 ? 7 : 8;
  return value < 1000000000 ? 9 : 10;
}

/** Digits of a whole number. */
@inline
export function digits(value: u64): usize {
  if (value <= 0xffffffff) return digits32(<u32>value);
  const high = value / 1000000000;
  return 9 + (high <= 0xffffffff ? digits32(<u32>high) : 9 + digits32(<u32>(high / 1000000000)));
}

/** Writes the last digits of a number that end before `end`, from `out` on. */
@inline
function putDigits(out: usize, end: usize, value: u32): void {
  let rest = value;
  for (let place = end; place > out; ) {
    const quotient = rest / 10;
    place -= 1;
    store<u8>(place, <u8>(48 + rest - quotient * 10));
    rest = quotient;
  }
}

/** Writes a whole number in decimal. */
export function putNumber(out: usize, value: u64): usize {
  const end = out + digits(value);
  let rest = value;
  let last = end;
  // In parts that are divided as 32 bits.
  while (rest > 0xffffffff) {
    const high = rest / 1000000000;
    putDigits(last - 9, last, <u32>(rest - high * 1000000000));
    last -= 9;
    rest = high;
  }
  putDigits(out, last, <u32>rest);
  return end;
}

/** `$<length>\r\n`: what stands before the bytes of an argument. */
@inline
export function putBulkHeader(out: usize, length: usize): usize {
  store<u8>(out, 36);
  return putLineEnd(putNumber(out + 1, length));
}
