/**
 * Redis commands as bytes. The functions write into a buffer at a position and return the position after it; the
 * caller has made sure of the room. They are called per value, millions of times, and so make no objects.
 */

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ZERO = 48;
const BILLION = 1_000_000_000;

/** Below this many bytes a loop is faster than a call into `Buffer.copy`. */
const LOOP_LIMIT = 48;

/** Digits of a whole number >= 0. */
export function digits(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  if (value < 1_000_000_000) return 9;
  return 9 + digits(Math.floor(value / BILLION));
}

/** Writes a whole number >= 0, up to 2^53 - 1, in decimal. */
export function putInteger(out: Buffer, at: number, value: number): number {
  if (value <= 0x7fffffff) return putDigits(out, at, value | 0, digits(value));
  // In two halves, which are divided without doubles: the times at which keys expire are as large.
  const high = Math.floor(value / BILLION);
  const middle = putDigits(out, at, high | 0, digits(high));
  return putDigits(out, middle, (value - high * BILLION) | 0, 9);
}

/** Writes the last `count` digits of a number of 31 bits. */
function putDigits(out: Buffer, at: number, value: number, count: number): number {
  const end = at + count;
  let rest = value;
  for (let place = end; place > at; ) {
    const quotient = (rest / 10) | 0;
    out[--place] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  return end;
}

/** Writes all of `source`. */
export function putBytes(out: Buffer, at: number, source: Buffer): number {
  const length = source.length;
  if (length >= LOOP_LIMIT) source.copy(out, at);
  else for (let index = 0; index < length; index++) out[at + index] = source[index] as number;
  return at + length;
}

/** Writes `length` bytes of `source` from `start`. */
export function putRange(out: Buffer, at: number, source: Buffer, start: number, length: number): number {
  if (length >= LOOP_LIMIT) source.copy(out, at, start, start + length);
  else for (let index = 0; index < length; index++) out[at + index] = source[start + index] as number;
  return at + length;
}

/** From here on a call into the runtime, which copies best, is worth its price. */
const WORDS_LIMIT = 256;

/** As `putRange`, four bytes at a time: for what is copied for each row. */
export function putWords(out: DataView, at: number, source: DataView, start: number, length: number): number {
  if (length >= WORDS_LIMIT) {
    const from = new Uint8Array(source.buffer, source.byteOffset + start, length);
    new Uint8Array(out.buffer, out.byteOffset + at, length).set(from);
    return at + length;
  }
  const words = length & ~3;
  for (let index = 0; index < words; index += 4) {
    out.setInt32(at + index, source.getInt32(start + index, true), true);
  }
  for (let index = words; index < length; index++) out.setUint8(at + index, source.getUint8(start + index));
  return at + length;
}

/** All of a view. */
export function putView(out: DataView, at: number, source: DataView): number {
  return putWords(out, at, source, 0, source.byteLength);
}

/** Writes the line end. */
export function putLineEnd(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** Writes `$<length>\r\n`: what stands before the bytes of an argument. */
export function putBulkHeader(out: Buffer, at: number, length: number): number {
  out[at] = DOLLAR;
  return putLineEnd(out, putInteger(out, at + 1, length));
}

/** A whole number >= 0 as an argument. */
export function putIntegerBulk(out: Buffer, at: number, value: number): number {
  return putLineEnd(out, putInteger(out, putBulkHeader(out, at, digits(value)), value));
}

/** One command in a buffer of its own: for what is not on the fast path. */
export function command(...parts: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(pieces);
}

/** Reads the digits from `at` up to the line end. */
function readNumber(source: Buffer, at: number): number {
  let value = 0;
  for (let index = at; source[index] !== CR; index++) value = value * 10 + (source[index] as number) - ZERO;
  return value;
}

/** The second word of the command that starts at `at`: the key of every command that the warmer sends. */
export function keyOfCommand(source: Buffer, at: number): Buffer {
  const nameHeader = source.indexOf(LF, at) + 1;
  const nameStart = source.indexOf(LF, nameHeader) + 1;
  const keyHeader = nameStart + readNumber(source, nameHeader + 1) + 2;
  const keyStart = source.indexOf(LF, keyHeader) + 1;
  return source.subarray(keyStart, keyStart + readNumber(source, keyHeader + 1));
}

/** Where the command that starts at `at` ends. */
export function endOfCommand(source: Buffer, at: number): number {
  const parts = readNumber(source, at + 1);
  let position = source.indexOf(LF, at) + 1;
  for (let part = 0; part < parts; part++) {
    position = source.indexOf(LF, position) + 1 + readNumber(source, position + 1) + 2;
  }
  return position;
}
