import { describe, expect, it } from "vitest";
import { neededSample, ratioInterval } from "../../../warmer/confidence.ts";

describe("sample of a replay", () => {
  it.each([
    [0, 0],
    [1, 1],
    [9604, 9604],
    [9605, 4803],
    [20_000, 6489],
    [1_000_000, 9513],
    [1e12, 9604],
    [Number.POSITIVE_INFINITY, 9604],
  ])("of %d requests %d are replayed", (population, sample) => expect(neededSample(population)).toBe(sample));

  it("is large enough for any ratio to be right within 0.01", () => {
    for (const population of [9605, 12_345, 20_000, 1e6, 1e9]) {
      const sample = neededSample(population);
      for (let share = 0; share <= 1; share += 0.05) {
        const hits = Math.round(share * sample);
        const { low, high } = ratioInterval(hits, sample, population) as { low: number; high: number };
        expect(low).toBeGreaterThanOrEqual(hits / sample - 0.0101);
        expect(high).toBeLessThanOrEqual(hits / sample + 0.0101);
        expect(low).toBeLessThanOrEqual(hits / sample);
        expect(high).toBeGreaterThanOrEqual(hits / sample);
      }
    }
  });

  it("holds the true ratio in about 95 of 100 samples", () => {
    // A small generator of our own: the same numbers in every run.
    let seed = 42;
    const random = () => {
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return seed / 2 ** 32;
    };
    const [population, sample, hitsOfAll] = [3000, 1000, 2850];
    let held = 0;
    for (let run = 0; run < 1000; run++) {
      let hits = 0;
      for (let drawn = 0, left = hitsOfAll; drawn < sample; drawn++) {
        if (random() >= left / (population - drawn)) continue;
        left -= 1;
        hits += 1;
      }
      const { low, high } = ratioInterval(hits, sample, population) as { low: number; high: number };
      if (low <= hitsOfAll / population && hitsOfAll / population <= high) held += 1;
    }
    expect(held).toBeGreaterThan(930);
    expect(held).toBeLessThan(975);
  });

  it("is exact when everything was replayed, and says nothing of nothing", () => {
    expect(ratioInterval(3, 4, 4)).toEqual({ low: 0.75, high: 0.75 });
    expect(ratioInterval(0, 0, 0)).toBeNull();
  });
});
