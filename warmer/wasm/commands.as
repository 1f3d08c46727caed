// Whole commands, made of the row that was read last: RESTORE of a hash in one listpack, SET of a JSON document. The
// module's entry: what it exports is what there is.
import { config, copy, digits, EXPIRES, KEY, KEY_LENGTH, LENGTHS, PAYLOAD_END, putBulkHeader, putLineEnd, putNumber, STARTS } from "./layout";
import { payload } from "./payload";

export { crc64, putEntry, start } from "./payload";
export { read } from "./tuple";

/** Digits of the length of the last document: a guess for the next, so that it need not be moved. */
let lengthDigits: usize = 3;

@inline
function putKey(out: usize): usize {
  const length = <usize>load<u32>(KEY_LENGTH);
  return putLineEnd(copy(putBulkHeader(out, length), KEY, length));
}

@inline
function putExpires(out: usize, expires: u64): usize {
  return putNumber(putBulkHeader(out, digits(expires)), expires);
}

/**
 * Writes a RESTORE, and returns its length; 0 where the hash does not fit into a listpack.
 * @param longest bytes of a value, at most
 * @param most fields, at most
 */
export function restore(longest: i32, most: u32): usize {
  const fields = config(6);
  const fieldsEnd = config(7);
  let count = <u32>config(10);
  for (let field = fields; field < fieldsEnd; field += 12) {
    const length = load<i32>(LENGTHS + (<usize>load<u32>(field) << 2));
    if (length < 0) continue;
    if (length > longest) return 0;
    count += 1;
  }
  if (count > most) return 0;
  const begin = payload(config(11), PAYLOAD_END, 0, STARTS, LENGTHS, fields, fieldsEnd, config(8), config(9), count);
  const length = <usize>load<u32>(PAYLOAD_END) - begin;
  const out = config(12);
  let at = putKey(copy(out, config(13), config(14)));
  at = putLineEnd(putExpires(at, <u64>load<f64>(EXPIRES)));
  at = copy(putBulkHeader(at, length), begin, length);
  return copy(at, config(15), config(16)) - out;
}

/** Writes a SET, and returns its length. */
export function set(): usize {
  const expires = <u64>load<f64>(EXPIRES);
  const out = config(12);
  let at = expires == 0 ? copy(out, config(17), config(18)) : copy(out, config(13), config(14));
  at = putKey(at);
  store<u8>(at, 36);
  const header = at + 1;
  let from = header + lengthDigits + 2;
  at = putDocument(from);
  const length = at - from;
  const actual = digits(length);
  if (actual != lengthDigits) {
    memory.copy(header + actual + 2, from, length);
    at = at + actual - lengthDigits;
    lengthDigits = actual;
  }
  putLineEnd(putNumber(header, length));
  at = putLineEnd(at);
  if (expires == 0) return at - out;
  return putLineEnd(putExpires(copy(at, config(15), config(16)), expires)) - out;
}

function putDocument(out: usize): usize {
  const end = config(7);
  let at = out;
  for (let member = config(6); member < end; member += 16) {
    at = copy(at, load<u32>(member, 8), load<u32>(member, 12));
    const column = (<usize>load<u32>(member)) << 2;
    const length = load<i32>(LENGTHS + column);
    if (length < 0) {
      store<u32>(at, 0x6c6c756e); // null
      at += 4;
    } else {
      const start = <usize>load<u32>(STARTS + column);
      at = load<u32>(member, 4) != 0 ? putText(at, start, length) : copy(at, start, length);
    }
  }
  return copy(at, config(8), config(9));
}

/** Whether none of eight bytes needs an escape: is below 32, a quote, or a backslash. */
@inline
function isPlain(word: u64): bool {
  // The usual way to find a zero byte, (x - 0x01...) & ~x & 0x80..., for three x at once.
  const quote = word ^ 0x2222222222222222;
  const backslash = word ^ 0x5c5c5c5c5c5c5c5c;
  const found =
    ((word - 0x2020202020202020) & ~word) |
    ((quote - 0x0101010101010101) & ~quote) |
    ((backslash - 0x0101010101010101) & ~backslash);
  return (found & 0x8080808080808080) == 0;
}

/** Writes text as a JSON string, with its quotes, eight bytes at a time where none needs an escape. */
function putText(out: usize, start: usize, length: usize): usize {
  let at = out;
  store<u8>(at++, 34);
  const end = start + length;
  for (let from = start; from < end; ) {
    const left = end - from;
    let word = load<u64>(from);
    // What lies behind the text counts as spaces.
    if (left < 8) word = (word & ((<u64>1 << (left << 3)) - 1)) | (0x2020202020202020 << (left << 3));
    const step: usize = left < 8 ? left : 8;
    if (isPlain(word)) {
      store<u64>(at, word);
      at += step;
      from += step;
    } else {
      const stop = from + step;
      for (; from < stop; from++) at = putEscaped(at, load<u8>(from));
    }
  }
  store<u8>(at, 34);
  return at + 1;
}

function putEscaped(out: usize, byte: u8): usize {
  if (byte >= 32 && byte != 34 && byte != 92) {
    store<u8>(out, byte);
    return out + 1;
  }
  let letter: u8 = 0;
  if (byte >= 32) letter = byte;
  else if (byte == 8) letter = 98;
  else if (byte == 9) letter = 116;
  else if (byte == 10) letter = 110;
  else if (byte == 12) letter = 102;
  else if (byte == 13) letter = 114;
  store<u8>(out, 92);
  if (letter != 0) {
    store<u8>(out + 1, letter);
    return out + 2;
  }
  store<u32>(out + 1, 0x00303075); // u00, and a byte that the next store is for
  const low = byte & 15;
  store<u8>(out + 4, 48 + (byte >> 4));
  store<u8>(out + 5, low + (low < 10 ? 48 : 87));
  return out + 6;
}
