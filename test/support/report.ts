import type { DatasetReport, WarmReport } from "../../contract/warming.ts";

const names = ["recipes", "preferences", "searches", "meal-plans", "nutrition"];

/** A report of five datasets in eight seconds, with everything that a report can hold. */
export function exampleReport(changes: Partial<WarmReport> = {}): WarmReport {
  const datasets = names.map(
    (name, index): DatasetReport => ({
      ...{ name, priority: "HIGH", status: "done", rows: 20_000, keys: 20_000 - 100 * index, failed: 100 * index },
      ...{ bytes: 3_000_000, durationMs: 1500 + index, warnings: index === 1 ? ["2 rows had the same key"] : [] },
    }),
  );
  const atMs = Array.from({ length: 41 }, (_, index) => 50 + index * 200);
  const keys = Object.fromEntries(
    names.map((name, index) => [
      name,
      atMs.map((_, at) => 2500 * Math.min(8, Math.max(0, at - 8 * index)) * (1 - 0.005 * index)),
    ]),
  );
  const times = (p50Ms: number, p95Ms: number) => ({ samples: 60, p50Ms, p95Ms });
  const latency = {
    hits: times(0.1, 0.3),
    misses: times(3, 40),
    speedup: { p50: 30, p95: 133 },
  };
  return {
    ...{ ok: true, startedAt: "2026-11-21T11:24:55.000Z", durationMs: 8400, rows: 100_000, keys: 99_000, failed: 1000 },
    ...{ bytes: 15_000_000, rate: 12_375, usedMemory: { before: 1_000_000, after: 40_000_000 }, evictedKeys: 0 },
    datasets,
    validation: {
      readBack: { sampled: 200, matching: 200, mismatches: [] },
      replay: {
        ...{ source: "access-log", requests: 6489, hits: 6143, hitRatio: 6143 / 6489, population: 20_000 },
        interval: { low: 0.942, high: 0.951 },
        before: { hits: 2000, hitRatio: 2000 / 6489 },
        improvement: 4143 / 6489,
      },
      latency: { ...latency, datasets: names.map((name) => ({ name, ...latency })) },
      verdict: "warm",
      problems: [],
    },
    metrics: {
      ...{ totalKeysWarmed: 99_000, warmingProgress: 100, estimatedTimeRemaining: 0, warmingRate: 12_375 },
      ...{ memoryUsage: 40_000_000, hitRatioImprovement: 4143 / 6489, phases: {} },
    },
    timeline: { atMs, keys },
    ...changes,
  };
}
