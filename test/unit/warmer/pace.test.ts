import { describe, expect, it } from "vitest";
import { Pace } from "../../../warmer/pacing/pace.ts";

const KIB = 1024;
const full = { bytes: 64 * KIB, rows: 4096 };

function slowed(times: number): Pace {
  const pace = new Pace({}, full);
  for (let time = 0; time < times; time++) pace.slower();
  return pace;
}

describe("the window", () => {
  it("is halved for each look that finds the latency too high, to 4 KiB; two chunks fit into it", () => {
    const pace = slowed(3);
    expect(pace.window).toBe(64 * KIB);
    expect(pace.chunks.bytes).toBe(32 * KIB);
    expect(slowed(50).window).toBe(4 * KIB);
    expect(slowed(50).chunks.bytes).toBe(2 * KIB);
  });

  it("is whole again after as many looks that find it far below the ceiling", () => {
    const pace = slowed(3);
    for (let time = 0; time < 3; time++) pace.faster(true);
    expect(pace.window).toBe(512 * KIB);
    expect(pace.chunks.bytes).toBe(64 * KIB);
    pace.faster(true);
    expect(pace.window).toBe(512 * KIB);
    expect(pace.smallestWindow).toBe(64 * KIB);
  });

  it("grows by 32 KiB where it is close to the ceiling", () => {
    const pace = slowed(3);
    pace.faster(false);
    expect(pace.window).toBe(96 * KIB);
  });
});
