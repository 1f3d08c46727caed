import { expect, it } from "vitest";
import type { DatasetReport, ReplayReport, ValidationReport, WarmReport } from "../../../contract/warming.ts";
import { hitRatioBefore, mergeReadBack, mergeReports } from "../../../warmer/merge-reports.ts";
import { exampleReport } from "../../support/report.ts";

function dataset(changes: Partial<DatasetReport> = {}): DatasetReport {
  return {
    ...{ name: "users", priority: "HIGH", status: "done", rows: 10, keys: 10, failed: 0, bytes: 100, durationMs: 20 },
    warnings: [],
    ...changes,
  };
}
const proven = exampleReport().validation as ValidationReport;
/** A part as `--shard i/n` reports it: it has read back its own keys, and the gate is for the whole. */
function part(changes: Partial<WarmReport> = {}): WarmReport {
  const { timeline: _, ...report } = exampleReport();
  return { ...report, ...{ rows: 10, keys: 10, failed: 0, bytes: 100, rate: 500 }, datasets: [dataset()], ...changes };
}
const replayed = (changes: Partial<ReplayReport>): ValidationReport => ({
  ...proven,
  replay: { ...proven.replay, ...changes },
});

it("rows, keys, bytes and rates add up; what all parts saw of the same servers does not", () => {
  const seen = (before: number, after: number, evictedKeys: number) => ({ usedMemory: { before, after }, evictedKeys });
  const merged = mergeReports(
    [
      part({ ...seen(1000, 4000, 2), startedAt: "2026-11-21T11:00:05.000Z", failed: 1, repaired: 3 }),
      part({
        ...seen(2000, 5000, 7),
        startedAt: "2026-11-21T11:00:04.000Z",
        rows: 32,
        keys: 30,
        bytes: 400,
        rate: 700,
      }),
    ],
    proven,
  );
  expect(merged).toMatchObject({
    ...{ ok: true, rows: 42, keys: 40, failed: 1, repaired: 3, bytes: 500, rate: 1200 },
    ...{ usedMemory: { before: 1000, after: 5000 }, evictedKeys: 7, startedAt: "2026-11-21T11:00:04.000Z" },
    metrics: { totalKeysWarmed: 40, warmingRate: 1200, memoryUsage: 5000, estimatedTimeRemaining: 0 },
    validation: proven,
  });
  expect(merged).not.toHaveProperty("error");
  expect(merged.durationMs).toBeGreaterThan(0);
  expect(mergeReports([part()], proven)).not.toHaveProperty("repaired");
});

it("is ok only with a gate that was passed, and without an error", () => {
  expect(mergeReports([part()], null).ok).toBe(false);
  expect(mergeReports([part()], { ...proven, problems: ["cold"] }).ok).toBe(false);
  expect(mergeReports([part(), part({ error: "lost" })], proven)).toMatchObject({
    ...{ ok: false, error: "part 2 of 2: lost" },
    metrics: { estimatedTimeRemaining: null },
  });
  expect(mergeReports([part({ error: "lost" })], proven, "part 1 of 1: killed").error).toBe("part 1 of 1: killed");
  expect(() => mergeReports([], proven)).toThrow("there are no parts");
});

it("a dataset is one of all parts: summed, as long as the longest, with each warning once", () => {
  const parts = [
    part({ datasets: [dataset({ rows: 5, durationMs: 30, retries: 1, fresh: 2, warnings: ["odd", "odder"] })] }),
    part({ datasets: [dataset({ rows: 7, durationMs: 20, bytes: 11, retries: 2, warnings: ["odd"] })] }),
  ];
  expect(mergeReports(parts, proven).datasets).toEqual([
    {
      ...{ name: "users", priority: "HIGH", status: "done", rows: 12, keys: 20, failed: 0, fresh: 2, bytes: 111 },
      ...{ durationMs: 30, retries: 3, warnings: ["odd", "odder"] },
    },
  ]);
});

it.each([
  [["done", "done"], "done"],
  [["skipped", "done"], "skipped"],
  [["done", "pending", "skipped"], "pending"],
  [["pending", "running"], "running"],
  [["running", "failed", "done"], "failed"],
] as const)("of %j the worst counts: %s", (statuses, expected) => {
  const parts = statuses.map((status) => part({ datasets: [dataset({ status })] }));
  expect(mergeReports(parts, proven).datasets[0]?.status).toBe(expected);
});

it("that a query returned no rows is said of the whole, not of the parts that had none", () => {
  const none = dataset({ rows: 0, keys: 0, warnings: ["the query returned no rows"] });
  const few = [part({ datasets: [none] }), part({ datasets: [dataset({ rows: 1, error: "wrong type" })] })];
  expect(mergeReports(few, proven).datasets[0]).toMatchObject({ rows: 1, error: "wrong type", warnings: [] });
  const empty = mergeReports([part({ datasets: [none] }), part({ datasets: [none] })], proven);
  expect(empty.datasets[0]?.warnings).toEqual(["the query returned no rows"]);
});

it("progress is the mean of the parts', and unknown where one does not know", () => {
  const at = (warmingProgress: number | null, total: number | null) =>
    part({
      metrics: {
        ...exampleReport().metrics,
        warmingProgress,
        phases: { users: { status: "done", keys: 10, failed: 0, total } },
      },
    });
  const known = mergeReports([at(100, 10), at(33.3, 20)], proven).metrics;
  expect(known.warmingProgress).toBe(66.6);
  expect(known.phases.users).toEqual({ status: "done", keys: 20, failed: 0, total: 30 });
  const unknown = mergeReports([at(100, 10), at(null, null)], proven).metrics;
  expect(unknown.warmingProgress).toBeNull();
  expect(unknown.phases.users?.total).toBeNull();
});

it("reading back: all that was sampled, and a few examples of what does not match", () => {
  const mismatches = (name: string) => Array.from({ length: 4 }, (_, index) => `${name}:${index}`);
  const read = (name: string) =>
    part({ validation: { ...proven, readBack: { sampled: 100, matching: 96, mismatches: mismatches(name) } } });
  expect(mergeReadBack([read("a"), part({ validation: null }), read("b")])).toEqual({
    ...{ sampled: 200, matching: 192 },
    mismatches: ["a:0", "a:1", "a:2", "a:3", "b:0"],
  });
});

it("the hit ratio before: of all requests, weighed by how many each part replayed", () => {
  const before = (requests: number, hits: number) =>
    part({ validation: replayed({ requests, before: { hits, hitRatio: hits / requests } }) });
  expect(hitRatioBefore([before(300, 30), before(100, 50)])).toBe(0.2);
  expect(hitRatioBefore([before(300, 30), part({ validation: replayed({ requests: 0, before: null }) })])).toBe(0.1);
  expect(hitRatioBefore([before(300, 30), part({ validation: replayed({ before: null }) })])).toBeUndefined();
  expect(hitRatioBefore([before(300, 30), part({ validation: null })])).toBeUndefined();
  expect(hitRatioBefore([part({ validation: replayed({ requests: 0, before: null }) })])).toBeUndefined();
});
