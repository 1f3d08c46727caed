import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "../../../infra/plan/similar.ts";
import { bytes, formatBytes, formatMilliseconds, milliseconds, UnitError } from "../../../infra/plan/units.ts";

describe("sizes", () => {
  it.each([
    ["0", 0],
    ["1048576", 1_048_576],
    ["1b", 1],
    ["1k", 1000],
    ["1kb", 1024],
    ["5m", 5_000_000],
    ["256mb", 268_435_456],
    ["2G", 2_000_000_000],
    ["2GB", 2_147_483_648],
    [4096, 4096],
  ])("%j is %d bytes", (size, expected) => {
    expect(bytes(size)).toBe(expected);
  });

  it.each(["", "mb", "1.5gb", "256 mb", " 1mb", "1mib", "1tb", "-1mb", "1e3", "0x10", "99999999999gb"])(
    "%j is refused",
    (size) => expect(() => bytes(size)).toThrow(UnitError),
  );

  it("survive being written and read again", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (size) => bytes(formatBytes(size)) === size));
  });

  it("that are suggested are sizes", () => {
    fc.assert(
      fc.property(
        fc.nat(999),
        fc.constantFrom(" ", ".5", ""),
        fc.constantFrom("KB", "MiB", "gib", "TB"),
        (n, gap, unit) => {
          try {
            bytes(`${n}${gap}${unit}`);
          } catch (error) {
            const meant = /did you mean "(.*)"\?/.exec((error as Error).message)?.[1];
            return meant === undefined ? n === 0 : bytes(meant) > 0;
          }
          return true;
        },
      ),
    );
  });
});

describe("times", () => {
  it.each([
    ["0", 0],
    ["10 ms", 10],
    ["10ms", 10],
    ["5 seconds", 5000],
    ["1 Second", 1000],
    ["0.1 s", 100],
    ["1.5 minutes", 90_000],
    ["30 min", 1_800_000],
    ["2 hours", 7_200_000],
    ["1 day", 86_400_000],
    [1234, 1234],
  ])("%j is %d ms", (duration, expected) => {
    expect(milliseconds(duration)).toBe(expected);
  });

  it.each(["", "5", "seconds", "5 m", "-5 s", "0.5 ms", "1 s 5 ms", "5 fortnights", "1e3 ms"])(
    "%j is refused",
    (duration) => expect(() => milliseconds(duration)).toThrow(UnitError),
  );

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("the number %d is refused as either", (value) => {
    expect(() => milliseconds(value)).toThrow(UnitError);
    expect(() => bytes(value)).toThrow(UnitError);
  });

  it("survive being written and read again", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (duration) => milliseconds(formatMilliseconds(duration)) === duration));
  });
});

describe("misspelt words", () => {
  it.each([
    ["memmory", "memory"],
    ["max-memory", "maxMemory"],
    ["lru", "allkeys-lru"],
    ["xyz", undefined],
    ["", undefined],
  ])("%s was meant to be %s", (word, meant) => {
    expect(nearest(word, ["memory", "maxMemory", "allkeys-lru", "volatile-lru", "port"])).toBe(meant);
  });

  it("with two letters swapped are found", () => {
    fc.assert(
      fc.property(fc.constantFrom("persistence", "sentinelPort", "quorum"), fc.nat(), (word, at) => {
        const i = at % (word.length - 1);
        const misspelt = word.slice(0, i) + word[i + 1] + word[i] + word.slice(i + 2);
        return nearest(misspelt, ["persistence", "sentinelPort", "quorum", "port", "hz"]) === word;
      }),
    );
  });
});
