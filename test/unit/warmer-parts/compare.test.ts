import { describe, expect, it } from "vitest";
import { compareSample, readableKey } from "../../../warmer/compare.ts";
import type { StoredKey } from "../../../warmer/reader.ts";
import type { WrittenSample } from "../../../warmer/types.ts";

const text = (value: string) => Buffer.from(value);
const now = 1_000_000;

function sample(changes: Partial<WrittenSample> = {}): WrittenSample {
  const value = { type: "string", bytes: text("one") } as const;
  return { dataset: "d", key: text("k"), value, ttlSeconds: [90, 110], writtenAt: now - 10_000, ...changes };
}

const hash = (fields: Record<string, string>) =>
  new Map(Object.entries(fields).map(([name, value]) => [name, text(value)]));

const stored = (value: StoredKey["value"], ttlMs: number, error?: string): StoredKey => ({
  value,
  ttlMs,
  ...(error !== undefined && { error }),
});

describe("compareSample", () => {
  const same = text("one");
  const written = { type: "hash", fields: hash({ a: "1", b: "2" }) } as const;

  it.each<[string, WrittenSample, StoredKey, string | undefined]>([
    ["right", sample(), stored(same, 95_000), undefined],
    ["shortest", sample(), stored(same, 78_100), undefined],
    ["longest", sample(), stored(same, 101_900), undefined],
    ["too short", sample(), stored(same, 77_000), "lives 77.0 s more, and should live 78-102 s more"],
    ["too long", sample(), stored(same, 103_000), "lives 103.0 s more, and should live 78-102 s more"],
    ["no expiry", sample(), stored(same, -1), "does not expire, and should live 90-110 s"],
    ["no expiry wanted", sample({ ttlSeconds: null }), stored(same, -1), undefined],
    ["expiry unwanted", sample({ ttlSeconds: null }), stored(same, 5000), "expires in 5.0 s and should not expire"],
    ["missing", sample(), stored(undefined, -2), "is missing"],
    ["expired since", sample({ ttlSeconds: [9, 12] }), stored(undefined, -2), undefined],
    ["other value", sample(), stored(text("two"), 95_000), "has another value (3 bytes were written)"],
    ["other type", sample(), stored(undefined, 95_000, "WRONGTYPE x"), "cannot be read as a string (WRONGTYPE x)"],
    ["hash", sample({ value: written }), stored(hash({ b: "2", a: "1" }), 95_000), undefined],
    ["hash, field less", sample({ value: written }), stored(hash({ a: "1" }), 95_000), 'lacks the field "b"'],
    [
      "hash, stale field",
      sample({ value: written }),
      stored(hash({ a: "1", b: "2", c: "" }), 95_000),
      'has a field "c" that was not written',
    ],
    [
      "hash, other value",
      sample({ value: written }),
      stored(hash({ a: "1", b: "3" }), 95_000),
      'has another value in the field "b"',
    ],
  ])("%s", (_name, given, found, expected) => {
    expect(compareSample(given, found, now)).toBe(expected);
  });
});

describe("readableKey", () => {
  it("escapes what cannot be printed, and shortens what is long", () => {
    expect(readableKey(Buffer.from('a"\n\u0001'))).toBe('a\\"\\n\\u0001');
    expect(readableKey("x".repeat(200))).toBe(`${"x".repeat(77)}...`);
  });
});
