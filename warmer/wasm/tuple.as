// A row of COPY's binary format: where its columns are, the text of values that come in a binary form, and its key.
// tuple.ts, wire.ts and keys.ts do the same in JavaScript, for rows that have no place here.
import { config, copy, KEY, KEY_HIGH, KEY_LENGTH, KEY_LOW, KEY_ROOM, LENGTHS, putNumber, ROW_SIZE, STARTS } from "./layout";

/**
 * Reads the tuple in `[from, to)`: starts, lengths, key. False where it does not fill exactly that, or a value is not
 * what its type says. Up to 8 bytes behind it may be read.
 */
export function read(from: usize, to: usize): bool {
  const width = config(0);
  let at = from + 2;
  if (to < at || bswap<u16>(load<u16>(from)) != <u16>width) return false;
  for (let column: usize = 0; column < width; column++) {
    if (at + 4 > to) return false;
    const length = <i32>bswap<u32>(load<u32>(at));
    at += 4;
    store<u32>(STARTS + (column << 2), <u32>at);
    store<i32>(LENGTHS + (column << 2), length);
    if (length > 0) at += length;
  }
  if (at != to) return false;
  const texts = config(3);
  const end = putTexts(texts);
  if (end == 0) return false;
  store<u32>(ROW_SIZE, <u32>(to - from + end - texts));
  putKey();
  return true;
}

/** Writes the text of each value that came in binary, and returns where they end; 0 where one is not what it should be. */
function putTexts(out: usize): usize {
  const listEnd = config(2);
  let at = out;
  for (let item = config(1); item < listEnd; item += 12) {
    const column = <usize>load<u32>(item);
    const length = load<i32>(LENGTHS + column);
    if (length < 0) continue;
    const size = load<i32>(item, 8);
    if (size != 0 && length != size) return 0;
    const start = <usize>load<u32>(STARTS + column);
    let end = at;
    switch (load<u32>(item, 4)) {
      case 1: // boolean: "true" or "false"
        if (load<u8>(start) != 0) store<u32>(at, 0x65757274);
        else {
          store<u32>(at, 0x736c6166);
          store<u8>(at + 4, 101);
        }
        end = load<u8>(start) != 0 ? at + 4 : at + 5;
        break;
      case 2:
        end = putSigned(at, <i64>(<i16>bswap<u16>(load<u16>(start))));
        break;
      case 3:
        end = putSigned(at, <i64>(<i32>bswap<u32>(load<u32>(start))));
        break;
      case 4:
        end = putSigned(at, <i64>bswap<u64>(load<u64>(start)));
        break;
      case 5:
        end = putTimestamp(at, <i64>bswap<u64>(load<u64>(start)));
        break;
      case 6:
        end = putUuid(at, start);
        break;
      default:
        // jsonb: a byte of its version, and its text.
        store<u32>(STARTS + column, <u32>(start + 1));
        store<i32>(LENGTHS + column, length - 1);
        continue;
    }
    store<u32>(STARTS + column, <u32>at);
    store<i32>(LENGTHS + column, end == 0 ? -1 : <i32>(end - at));
    if (end != 0) at = end;
  }
  return at;
}

@inline
function putSigned(out: usize, value: i64): usize {
  if (value >= 0) return putNumber(out, <u64>value);
  store<u8>(out, 45);
  return putNumber(out + 1, 0 - <u64>value);
}

@inline
function putTwo(out: usize, value: u32): void {
  const tens = value / 10;
  store<u16>(out, <u16>((48 + tens) | ((48 + value - tens * 10) << 8)));
}

/** ISO 8601 in UTC with milliseconds: `2025-06-01T00:00:03.000Z`; 0 for an infinite one. */
function putTimestamp(out: usize, microseconds: i64): usize {
  if (microseconds == i64.MAX_VALUE || microseconds == i64.MIN_VALUE) return 0;
  let milliseconds = microseconds / 1000;
  if (milliseconds * 1000 > microseconds) milliseconds -= 1;
  let day = milliseconds / 86400000;
  if (day * 86400000 > milliseconds) day -= 1;
  const at = putDate(out, <i32>day);
  const rest = <u32>(milliseconds - day * 86400000);
  const seconds = rest / 1000;
  const minutes = seconds / 60;
  const hours = minutes / 60;
  putTwo(at, hours);
  store<u8>(at + 2, 58);
  putTwo(at + 3, minutes - hours * 60);
  store<u8>(at + 5, 58);
  putTwo(at + 6, seconds - minutes * 60);
  store<u8>(at + 8, 46);
  const thousandths = rest - seconds * 1000;
  store<u8>(at + 9, <u8>(48 + thousandths / 100));
  putTwo(at + 10, thousandths % 100);
  store<u8>(at + 12, 90);
  return at + 13;
}

/** `2025-06-01T` of a number of days since 2000: the calendar counted in eras of 400 years, from 0000-03-01. */
function putDate(out: usize, day: i32): usize {
  const days = day + 730425;
  const era = (days >= 0 ? days : days - 146096) / 146097;
  const dayOfEra = <u32>(days - era * 146097);
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * dayOfYear + 2) / 153; // month, from March
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = <i32>yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const at = putYear(out, year);
  store<u8>(at, 45);
  putTwo(at + 1, month);
  store<u8>(at + 3, 45);
  putTwo(at + 4, dayOfYear - (153 * shifted + 2) / 5 + 1);
  store<u8>(at + 6, 84);
  return at + 7;
}

function putYear(out: usize, year: i32): usize {
  if (year >= 0 && year <= 9999) {
    const century = <u32>year / 100;
    putTwo(out, century);
    putTwo(out + 2, <u32>year - century * 100);
    return out + 4;
  }
  const absolute = <u32>(year < 0 ? -year : year);
  store<u8>(out, year < 0 ? 45 : 43);
  putTwo(out + 1, absolute / 10000);
  putTwo(out + 3, (absolute / 100) % 100);
  putTwo(out + 5, absolute % 100);
  return out + 7;
}

@inline
function hex(digit: u32): u8 {
  return <u8>(digit + (digit < 10 ? 48 : 87));
}

function putUuid(out: usize, from: usize): usize {
  let at = out;
  for (let index: u32 = 0; index < 16; index++) {
    if (index == 4 || index == 6 || index == 8 || index == 10) {
      store<u8>(at, 45);
      at += 1;
    }
    const byte = <u32>load<u8>(from + index);
    store<u8>(at, hex(byte >> 4));
    store<u8>(at + 1, hex(byte & 15));
    at += 2;
  }
  return at;
}

/** The key and its hash; a length of -1 where a part of it is NULL, -2 where it is too long to be kept here. */
function putKey(): void {
  const first = config(4);
  const end = config(5);
  let length: usize = 0;
  for (let part = first; part < end; part += 12) {
    const column = load<i32>(part);
    const size = column < 0 ? load<i32>(part, 8) : load<i32>(LENGTHS + <usize>column);
    if (size < 0) {
      store<i32>(KEY_LENGTH, -1);
      return;
    }
    length += size;
  }
  if (length > KEY_ROOM) {
    store<i32>(KEY_LENGTH, -2);
    return;
  }
  let at = KEY;
  for (let part = first; part < end; part += 12) {
    const column = load<i32>(part);
    if (column < 0) at = copy(at, load<u32>(part, 4), load<u32>(part, 8));
    else at = copy(at, load<u32>(STARTS + <usize>column), load<u32>(LENGTHS + <usize>column));
  }
  store<i32>(KEY_LENGTH, <i32>length);
  hash(length);
}

/** As KeyBuilder does: two different multiplicative hashes of 32 bits each, mixed at the end. */
function hash(length: usize): void {
  let high: u32 = 0x811c9dc5;
  let low = <u32>length;
  for (let at = KEY; at < KEY + length; at++) {
    const byte = <u32>load<u8>(at);
    high = (high ^ byte) * 0x01000193;
    low = ((low + byte) * 0x5bd1e995) ^ (low >> 15);
  }
  store<u32>(KEY_HIGH, mix(high));
  store<u32>(KEY_LOW, mix(low));
}

@inline
function mix(hash: u32): u32 {
  let mixed = (hash ^ (hash >> 16)) * 0x85ebca6b;
  mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35;
  return mixed ^ (mixed >> 16);
}
