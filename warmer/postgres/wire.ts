/**
 * Values that COPY sends in PostgreSQL's own binary form, and the text that is made of them here: PostgreSQL takes
 * several times as long for the same text (`to_char` of a timestamp: a microsecond).
 */
import { putBytes, putInteger } from "../resp.ts";

/** How a column comes. `bytes`: as it is to be written; all others are written as text, as PostgreSQL would. */
export type WireForm = "bytes" | "boolean" | "int2" | "int4" | "int8" | "timestamp" | "uuid" | "jsonb";

/** Types of PostgreSQL by their fixed identifiers (pg_type.dat) whose binary form is understood here. */
const FORMS: Readonly<Record<number, WireForm>> = {
  16: "boolean",
  20: "int8",
  21: "int2",
  23: "int4",
  1114: "timestamp",
  1184: "timestamp", // with time zone: in UTC as well
  2950: "uuid",
  3802: "jsonb",
};

/** The binary form of a built-in type; undefined where it is sent as text. */
export function formOf(oid: number): WireForm | undefined {
  return FORMS[oid];
}

/** Bytes that the text of a value takes, at most: 36 of a uuid. */
export const LONGEST_TEXT = 36;

/** A value that is not what its type says: a proxy or a server of another kind. */
export class WireError extends Error {
  override name = "WireError";
}

/** Makes text of values of one type. */
export interface TextWriter {
  /** Bytes of a value in its binary form. */
  readonly size: number;
  /**
   * Writes the text of the value at `start` of `source`, which may be of the same buffer.
   * @returns the position after it; -1 where it has no text: an infinite timestamp
   */
  put(out: Buffer, at: number, source: DataView, start: number): number;
}

/** What writes a form; null for those that are text already, jsonb behind a byte of its version. */
export function writerOf(form: WireForm): TextWriter | null {
  switch (form) {
    case "bytes":
    case "jsonb":
      return null;
    case "boolean":
      return {
        size: 1,
        put: (out, at, source, start) => putBytes(out, at, source.getUint8(start) === 0 ? FALSE : TRUE),
      };
    case "int2":
      return { size: 2, put: (out, at, source, start) => putSigned(out, at, source.getInt16(start)) };
    case "int4":
      return { size: 4, put: (out, at, source, start) => putSigned(out, at, source.getInt32(start)) };
    case "int8":
      return {
        size: 8,
        put: (out, at, source, start) => putInt8(out, at, source.getInt32(start), source.getUint32(start + 4)),
      };
    case "timestamp":
      return {
        size: 8,
        put: (out, at, source, start) => putTimestamp(out, at, source.getInt32(start), source.getUint32(start + 4)),
      };
    case "uuid":
      return { size: 16, put: putUuid };
  }
}

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const MINUS = 45;
const ZERO = 48;
const COLON = 58;
const TWO_32 = 0x1_0000_0000;
/** Beyond this high half a double is not exact. */
const EXACT_HIGH = 0x1f_ffff;

function putSigned(out: Buffer, at: number, value: number): number {
  if (value >= 0) return putInteger(out, at, value);
  out[at] = MINUS;
  return putInteger(out, at + 1, -value);
}

function putInt8(out: Buffer, at: number, high: number, low: number): number {
  if (high >= -EXACT_HIGH && high <= EXACT_HIGH) return putSigned(out, at, high * TWO_32 + low);
  return at + out.write(String((BigInt(high) << 32n) | BigInt(low)), at, "latin1");
}

const MS_PER_DAY = 86_400_000;
/** Days from 0000-03-01, from where years end with their leap day, to PostgreSQL's epoch, 2000-01-01. */
const EPOCH_DAYS = 730_425;
const DAYS_PER_ERA = 146_097;

/** Dates that were written lately, by the last bits of their day: `2025-06-01T`, at most 14 bytes. */
const DATES = 256;
const DATE_BYTES = 16;
const dates = Buffer.alloc(DATES * DATE_BYTES);
const dateDays = new Float64Array(DATES).fill(Number.NaN);
const dateLengths = new Uint8Array(DATES);

/** ISO 8601 in UTC with milliseconds, as JavaScript writes it: `2025-06-01T00:00:03.000Z`. */
function putTimestamp(out: Buffer, at: number, high: number, low: number): number {
  // Infinity and -infinity are the largest and the smallest number.
  if ((high === 0x7fff_ffff && low === 0xffff_ffff) || (high === -0x8000_0000 && low === 0)) return -1;
  const milliseconds =
    high >= -EXACT_HIGH && high <= EXACT_HIGH ? Math.floor((high * TWO_32 + low) / 1000) : farMilliseconds(high, low);
  const day = Math.floor(milliseconds / MS_PER_DAY);
  const place = day & (DATES - 1);
  if (dateDays[place] !== day) keepDate(place, day);
  const from = place * DATE_BYTES;
  const length = dateLengths[place] as number;
  for (let index = 0; index < length; index++) out[at + index] = dates[from + index] as number;
  return putTime(out, at + length, (milliseconds - day * MS_PER_DAY) | 0);
}

/** More than 285 years away from 2000. */
function farMilliseconds(high: number, low: number): number {
  const microseconds = (BigInt(high) << 32n) | BigInt(low);
  return Number((microseconds - (((microseconds % 1000n) + 1000n) % 1000n)) / 1000n);
}

function putTime(out: Buffer, start: number, milliseconds: number): number {
  const seconds = (milliseconds / 1000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  putTwo(out, start, hours);
  out[start + 2] = COLON;
  putTwo(out, start + 3, minutes - hours * 60);
  out[start + 5] = COLON;
  putTwo(out, start + 6, seconds - minutes * 60);
  out[start + 8] = 46; // .
  const rest = milliseconds - seconds * 1000;
  const hundreds = (rest / 100) | 0;
  out[start + 9] = ZERO + hundreds;
  putTwo(out, start + 10, rest - hundreds * 100);
  out[start + 12] = 90; // Z
  return start + 13;
}

function putTwo(out: Buffer, at: number, value: number): void {
  const tens = (value / 10) | 0;
  out[at] = ZERO + tens;
  out[at + 1] = ZERO + value - tens * 10;
}

/** Makes `2025-06-01T` of a number of days since 2000: the calendar counted in eras of 400 years. */
function keepDate(place: number, day: number): void {
  const days = day + EPOCH_DAYS;
  const era = Math.floor(days / DAYS_PER_ERA);
  const dayOfEra = days - era * DAYS_PER_ERA;
  const leapDays = ((dayOfEra / 1460) | 0) - ((dayOfEra / 36_524) | 0) + ((dayOfEra / 146_096) | 0);
  const yearOfEra = ((dayOfEra - leapDays) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shifted = ((5 * dayOfYear + 2) / 153) | 0; // month, from March
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const start = place * DATE_BYTES;
  const at = putYear(start, yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
  dates[at] = MINUS;
  putTwo(dates, at + 1, month);
  dates[at + 3] = MINUS;
  putTwo(dates, at + 4, dayOfYear - (((153 * shifted + 2) / 5) | 0) + 1);
  dates[at + 6] = 84; // T
  dateLengths[place] = at + 7 - start;
  dateDays[place] = day;
}

function putYear(at: number, year: number): number {
  if (year < 0 || year > 9999) {
    const digits = String(Math.abs(year)).padStart(6, "0");
    return at + dates.write(`${year < 0 ? "-" : "+"}${digits}`, at, "latin1");
  }
  const century = (year / 100) | 0;
  putTwo(dates, at, century);
  putTwo(dates, at + 2, year - century * 100);
  return at + 4;
}

const HEX = Buffer.from("0123456789abcdef");
/** Bytes of a uuid before which a hyphen stands, as bits. */
const HYPHENS = (1 << 4) | (1 << 6) | (1 << 8) | (1 << 10);

function putUuid(out: Buffer, start: number, source: DataView, from: number): number {
  let at = start;
  for (let index = 0; index < 16; index++) {
    if (((HYPHENS >> index) & 1) === 1) out[at++] = MINUS;
    const byte = source.getUint8(from + index);
    out[at++] = HEX[byte >> 4] as number;
    out[at++] = HEX[byte & 15] as number;
  }
  return at;
}
