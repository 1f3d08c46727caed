import type { Duration, Size } from "./args.ts";

// What Redis itself reads (memtoull): without a b thousands, with it 1024s; no fractions, no spaces.
const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

const sizeHelp = 'a number of bytes, or a whole number with k, m, g (thousands) or kb, mb, gb (1024s), as in "256mb"';
const durationHelp =
  'a number of milliseconds, or a number with ms, seconds, minutes, hours or days, as in "5 seconds"';

/** A text that is not a size or not a time; the message says what is, and what may have been meant. */
export class UnitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnitError";
  }
}

/**
 * A size in bytes, read as Redis reads it: `"256mb"` is 268435456, `"256m"` 256000000.
 *
 * Throws UnitError for all that Redis refuses (fractions, spaces, other units), with the size that was likely meant.
 */
export function bytes(size: Size): number {
  if (typeof size === "number") {
    if (Number.isSafeInteger(size) && size >= 0) return size;
    throw new UnitError(`${size} is not a size: write ${sizeHelp}`);
  }
  if (typeof size === "string") {
    const [, digits = "", unit = ""] = /^(\d+)([a-z]*)$/i.exec(size) ?? [];
    const value = Number(digits) * (sizeUnits[unit.toLowerCase()] ?? Number.NaN);
    if (digits !== "" && Number.isSafeInteger(value)) return value;
  }
  const meant = likelySize(size);
  throw new UnitError(`${show(size)} is not a size: write ${sizeHelp}${meant ? `; did you mean "${meant}"?` : ""}`);
}

/** The shortest text in 1024s that is exactly so many bytes: `"256mb"`, `"1gb"`, `"1000"`. */
export function formatBytes(size: number): string {
  for (const unit of ["gb", "mb", "kb"]) {
    const factor = sizeUnits[unit] ?? 1;
    if (size >= factor && size % factor === 0) return `${size / factor}${unit}`;
  }
  return `${size}`;
}

/**
 * A time in whole milliseconds: `"5 seconds"`, `"10 ms"`, `"1.5 minutes"`, or a number of milliseconds.
 *
 * Throws UnitError for all else. A text needs a unit, except `"0"`: whether "5" means seconds cannot be told.
 */
export function milliseconds(duration: Duration): number {
  if (typeof duration === "number") {
    if (Number.isSafeInteger(duration) && duration >= 0) return duration;
    throw new UnitError(`${duration} is not a time: write ${durationHelp}`);
  }
  let meant = "";
  if (typeof duration === "string") {
    const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(duration.trim()) ?? [];
    const value = Number(digits) * (durationUnits[unit.toLowerCase()] ?? (Number(digits) === 0 ? 0 : Number.NaN));
    // 0.1 * 1000 is not exact in binary; a millionth of a millisecond is.
    const whole = Math.round(value);
    if (digits !== "" && Math.abs(value - whole) < 1e-6 && Number.isSafeInteger(whole)) return whole;
    if (digits !== "" && unit === "") meant = `; did you mean "${digits} seconds" or "${digits} ms"?`;
    if (digits !== "" && unit === "m") meant = `; did you mean "${digits} minutes"?`;
  }
  throw new UnitError(`${show(duration)} is not a time: write ${durationHelp}${meant}`);
}

/** A time in its largest whole unit: `"5 seconds"`, `"1 minute"`, `"1500 ms"`. */
export function formatMilliseconds(duration: number): string {
  for (const unit of ["day", "hour", "minute", "second"]) {
    const factor = durationUnits[unit] ?? 1;
    if (duration >= factor && duration % factor === 0) {
      const count = duration / factor;
      return `${count} ${unit}${count === 1 ? "" : "s"}`;
    }
  }
  return duration === 0 ? "0 seconds" : `${duration} ms`;
}

/** A value as a message quotes it: a text in quotes, cut short. Pulumi's outputs have no value to show. */
export function show(value: unknown): string {
  if (typeof value === "object" && value !== null && "apply" in value) return "an Output, known only later,";
  const text = typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** `256 MB`, `0.5gb`, `2GiB`, `1tb` as a size that Redis reads. */
function likelySize(size: unknown): string | undefined {
  if (typeof size !== "string") return undefined;
  const [, digits, letter = ""] = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgt]?)(?:i?b|bytes?)?\s*$/i.exec(size) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits.replace(",", ".")) * 1024 ** " kmgt".indexOf(letter.toLowerCase() || " ");
  return Number.isSafeInteger(Math.round(value)) && value >= 1 ? formatBytes(Math.round(value)) : undefined;
}
