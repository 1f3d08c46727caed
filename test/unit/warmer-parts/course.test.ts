import { describe, expect, it } from "vitest";
import { keyParser, missQuery } from "../../../warmer/lookup.ts";
import { metricsOf, rowsLeft, secondsLeft, shareDone } from "../../../warmer/metrics.ts";
import { percentile } from "../../../warmer/percentile.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { Pulse } from "../../../warmer/pulse.ts";
import { othersName, TimelineRecorder } from "../../../warmer/timeline.ts";
import type { DatasetProgress, Progress } from "../../../warmer/types.ts";

const dataset = (name: string, keys: number, changes: Partial<DatasetProgress> = {}): DatasetProgress => ({
  ...{ name, priority: "HIGH", status: "running", rows: keys, keys, failed: 0, bytes: 0, total: 1000 },
  ...changes,
});
const at = (elapsedMs: number, ...datasets: DatasetProgress[]): Progress => ({ elapsedMs, datasets });

describe("timeline", () => {
  it("of a long run has at most 61 points, evenly apart, with the first and the last", () => {
    const recorder = new TimelineRecorder();
    for (let ms = 100; ms <= 600_000; ms += 250) recorder.add(at(ms, dataset("a", ms)));
    recorder.add(at(600_001, dataset("a", 7)));
    const { atMs, keys } = recorder.timeline();
    expect(atMs.length).toBeGreaterThan(25);
    expect(atMs.length).toBeLessThanOrEqual(61);
    expect([atMs[0], atMs.at(-1)]).toEqual([100, 600_001]);
    expect(keys.a?.at(-1)).toBe(7);
    expect(atMs).toEqual([...atMs].sort((a, b) => a - b));
    const gaps = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(40_000);
  });

  it("of ten thousand datasets keeps the seven largest, and the sum of the others", () => {
    const recorder = new TimelineRecorder();
    const datasets = Array.from({ length: 10_000 }, (_, index) => dataset(`d${index}`, index));
    const start = performance.now();
    for (let ms = 0; ms < 20_000; ms++) recorder.add({ elapsedMs: ms / 10, datasets });
    expect(performance.now() - start).toBeLessThan(5000);
    const { keys } = recorder.timeline();
    expect(Object.keys(keys)).toEqual([...[3, 4, 5, 6, 7, 8, 9].map((last) => `d999${last}`), othersName]);
    expect(keys[othersName]?.at(-1)).toBe((9992 * 9993) / 2);
  });

  it("of nothing is empty, and of one moment one point", () => {
    const recorder = new TimelineRecorder();
    expect(recorder.timeline()).toEqual({ atMs: [], keys: {} });
    recorder.add(at(5, dataset("a", 0)));
    recorder.add(at(5, dataset("a", 3)));
    expect(recorder.timeline()).toEqual({ atMs: [5], keys: { a: [3] } });
  });
});

describe("metrics", () => {
  it("rate and time left are those of the last five seconds", () => {
    const pulse = new Pulse();
    for (let ms = 0; ms <= 4000; ms += 100) pulse.add(at(ms, dataset("a", 0)));
    for (let ms = 4100; ms <= 14_000; ms += 100)
      pulse.add(at(ms, dataset("a", ms < 9000 ? 100 : (ms - 9000) / 10 + 100)));
    expect(pulse.keysPerSecond).toBeCloseTo(100, 0);
    expect(secondsLeft(at(14_000, dataset("a", 600)), pulse)).toBeCloseTo(4, 1);
    expect(new Pulse().keysPerSecond).toBe(0);
  });

  it("an estimate that was too low is not exceeded; what ended is not waited for", () => {
    const progress = at(1, dataset("a", 1500), dataset("b", 10, { status: "failed" }), dataset("c", 5, { total: 10 }));
    expect(rowsLeft(progress)).toBe(5);
    expect(shareDone(progress)).toBeCloseTo(1515 / 1520);
    const { total: _, ...unknown } = dataset("x", 1);
    expect(metricsOf(at(1, unknown), new Pulse())).toMatchObject({
      ...{ warmingProgress: null, estimatedTimeRemaining: null, memoryUsage: null },
      phases: { x: { status: "running", keys: 1, failed: 0, total: null } },
    });
    expect(shareDone(at(1, dataset("a", 0, { status: "pending", total: 0 })))).toBe(0);
    expect(shareDone(at(1, dataset("a", 0, { status: "done", total: 0 })))).toBe(1);
  });

  it("percentiles are nearest ranks", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.5, 0.95, 1].map((share) => percentile(values, share))).toEqual([50, 95, 100]);
    expect(percentile([3], 0.5)).toBe(3);
  });
});

describe("lookup of one key", () => {
  const plan = parsePlan({
    name: "x",
    parameters: { days: 3 },
    datasets: [
      { name: "users", query: "SELECT * FROM users", key: "user:{id}", value: { type: "json" } },
      { name: "carts", query: "SELECT 1", key: "user:{{{id}}}:cart:{name|lower}", value: { type: "hash" } },
      {
        ...{ name: "terms", query: "SELECT 1", key: "search:{term|md5}", value: { type: "json" } },
        lookup: "SELECT :term, :key, :days",
      },
    ],
  });
  const parse = keyParser(plan);
  const columns = [
    { name: "id", kind: "integer" },
    { name: "name", kind: "text" },
  ] as const;
  const sqlOf = (key: string): string => missQuery(parse(key) as NonNullable<ReturnType<typeof parse>>, columns, plan);

  it("finds the dataset and the parts of a key", () => {
    expect(parse("user:42")).toMatchObject({ dataset: { name: "users" }, texts: [{ text: "42" }] });
    expect(parse("user:{42}:cart:a:b")).toMatchObject({
      dataset: { name: "carts" },
      texts: [{ text: "42" }, { text: "a:b" }],
    });
    expect(parse("session:1")).toBeUndefined();
  });

  it("asks for the column itself where it can, and through the filters where it must", () => {
    expect(sqlOf("user:42")).toBe(`SELECT * FROM (\nSELECT * FROM users\n) AS source WHERE "id" = '42'`);
    expect(sqlOf("user:{42}:cart:a")).toContain(`WHERE "id" = '42' AND lower(`);
    expect(sqlOf("user:'; DROP TABLE users; --")).toContain(`"id" = '''; DROP TABLE users; --'`);
  });

  it("is the plan's own, with the parts of the key", () => {
    expect(sqlOf("search:o'clock")).toBe("SELECT 'o''clock', 'search:o''clock', 3");
    const wrong = { name: "a", query: "SELECT 1 AS id", key: "k:{id}", value: { type: "json" }, lookup: "SELECT :ids" };
    expect(() => parsePlan({ name: "x", datasets: [wrong] })).toThrow(
      'datasets[0].lookup: ":ids" is not a parameter (did you mean "id"?); parameters are "id", "key"',
    );
  });
});
