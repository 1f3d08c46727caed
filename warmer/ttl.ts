const UNITS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

/** The longest TTL accepted, seconds: 100 years. Redis overflows far above it. */
export const MAX_TTL_SECONDS = 3_155_760_000;

/**
 * Seconds of a duration such as `14400`, `"14400"`, `"4 hours"` or `"1 day"`.
 * @returns undefined where the text is no duration; the caller knows the property to name.
 */
export function parseDuration(value: number | string): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:(second|minute|hour|day|week)s?)?\s*$/i.exec(value);
  if (match === null) return undefined;
  const unit = match[2] === undefined ? 1 : (UNITS[match[2].toLowerCase()] ?? 1);
  return Math.floor(Number(match[1]) * unit);
}

/** The shortest TTL, whole seconds and at least 1, that jitter makes of `seconds`. */
export function shortestTtl(seconds: number, jitter: number): number {
  return Math.max(1, Math.round(seconds * (1 - jitter)));
}

/** The longest TTL, whole seconds, that jitter makes of `seconds`. */
export function longestTtl(seconds: number, jitter: number): number {
  return Math.max(1, Math.round(seconds * (1 + jitter)));
}

/**
 * A TTL between {@link shortestTtl} and {@link longestTtl}, so that keys written together do not expire together.
 * @param jitter share, 0-1, by which `seconds` is shortened or lengthened
 * @param random a number in [0, 1)
 */
export function jitteredTtl(seconds: number, jitter: number, random: number): number {
  if (jitter === 0) return seconds;
  return Math.max(1, Math.round(seconds * (1 + jitter * (2 * random - 1))));
}
