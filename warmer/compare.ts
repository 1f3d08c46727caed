import type { StoredKey, StoredValue } from "./reader.ts";
import type { WrittenSample, WrittenValue } from "./types.ts";

/** Redis counts seconds in its own time; clocks of two machines differ a little. Seconds. */
const clockSlack = 2;

/**
 * Compares a key with what was written: what is wrong, in words that follow the key; undefined when it
 * is right. A key whose time to live may have passed since is right when it is gone.
 *
 * @param now milliseconds since 1970, just after `stored` was read.
 */
export function compareSample(sample: WrittenSample, stored: StoredKey, now: number): string | undefined {
  const elapsed = (now - sample.writtenAt) / 1000;
  const shortest = sample.ttlSeconds?.[0];
  if (stored.error !== undefined) {
    return `cannot be read as a ${sample.value.type} (${stored.error})`;
  }
  if (stored.value === undefined) {
    const expired = shortest !== undefined && shortest - elapsed <= clockSlack;
    return expired ? undefined : "is missing";
  }
  return compareValue(sample.value, stored.value) ?? compareTtl(sample.ttlSeconds, stored.ttlMs, elapsed);
}

function compareValue(written: WrittenValue, stored: StoredValue): string | undefined {
  if (written.type === "set") return compareMembers(written.members, stored);
  if (written.type === "zset") return compareMembers(written.scores, stored);
  if (written.type === "string") {
    const same = Buffer.isBuffer(stored) && stored.equals(written.bytes);
    return same ? undefined : `has another value (${written.bytes.length} bytes were written)`;
  }
  if (!(stored instanceof Map)) {
    return "is a string and not a hash";
  }
  const names = new Set([...written.fields.keys(), ...stored.keys()]);
  for (const name of names) {
    const wanted = written.fields.get(name);
    const found = stored.get(name);
    if (wanted === undefined) {
      return `has a field ${JSON.stringify(name)} that was not written`;
    }
    if (found === undefined) {
      return `lacks the field ${JSON.stringify(name)}`;
    }
    if (!found.equals(wanted)) {
      return `has another value in the field ${JSON.stringify(name)}`;
    }
  }
  return undefined;
}

/** A score as Redis writes it. */
function scoreOf(text: string): number {
  return Number(text.replace(/^(-?)inf$/, "$1Infinity"));
}

/** A set, or a sorted set by member. */
function compareMembers(
  written: ReadonlySet<string> | ReadonlyMap<string, number>,
  stored: StoredValue,
): string | undefined {
  if (Buffer.isBuffer(stored)) return "is a string and not a set";
  for (const member of written.keys()) {
    if (!stored.has(member)) return `lacks the member ${JSON.stringify(member)}`;
    if (!(written instanceof Map) || !(stored instanceof Map)) continue;
    const [score, found] = [written.get(member), scoreOf(String(stored.get(member)))];
    if (score !== found) return `has the score ${found} for the member ${JSON.stringify(member)}, and not ${score}`;
  }
  const extra = [...stored.keys()].find((member) => !written.has(member));
  return extra === undefined ? undefined : `has a member ${JSON.stringify(extra)} that was not written`;
}

function compareTtl(bounds: WrittenSample["ttlSeconds"], ttlMs: number, elapsedSeconds: number): string | undefined {
  if (bounds === null) {
    return ttlMs === -1 ? undefined : `expires in ${seconds(ttlMs)} and should not expire`;
  }
  const [shortest, longest] = bounds;
  if (ttlMs === -1) {
    return `does not expire, and should live ${shortest}-${longest} s`;
  }
  const low = shortest - elapsedSeconds - clockSlack;
  const high = longest - elapsedSeconds + clockSlack;
  if (ttlMs / 1000 >= low && ttlMs / 1000 <= high) {
    return undefined;
  }
  return `lives ${seconds(ttlMs)} more, and should live ${Math.max(0, Math.floor(low))}-${Math.ceil(high)} s more`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** A key for people: what cannot be printed as an escape, at most 80 characters. */
export function readableKey(key: Buffer | string): string {
  const text = JSON.stringify(typeof key === "string" ? key : key.toString("utf8")).slice(1, -1);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
