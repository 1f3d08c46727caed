import { describe, expect, it } from "vitest";
import type { ValidationReport } from "../../../contract/warming.ts";
import { bytes, count, duration, table } from "../../../warmer/figures.ts";
import { progressLine, progressReporter } from "../../../warmer/progress.ts";
import { formatReport, makeReport } from "../../../warmer/report.ts";
import type { DatasetOutcome, DatasetProgress, WarmOutcome } from "../../../warmer/types.ts";

const dataset = (changes: Partial<DatasetOutcome> = {}): DatasetOutcome => ({
  ...{ name: "recipes", priority: "HIGH", status: "done", rows: 100, keys: 100, failed: 0, bytes: 40_800 },
  ...{ durationMs: 12, warnings: [], skipped: 0, failures: {}, examples: [] },
  ...changes,
});

const outcome = (changes: Partial<WarmOutcome> = {}): WarmOutcome => ({
  ...{ ok: true, startedAt: new Date().toISOString(), durationMs: 20, rows: 100, keys: 100, failed: 0, bytes: 40_800 },
  ...{ rate: 12_345.6, usedMemory: { before: 1_000_000, after: 1_650_000 }, evictedKeys: 0 },
  ...{ engine: null, warnings: [], samples: [], latency: null, datasets: [dataset()] },
  ...changes,
});

const warm: ValidationReport = {
  readBack: { sampled: 100, matching: 100, mismatches: [] },
  replay: {
    ...{ source: "access-log", requests: 2000, hits: 1900, hitRatio: 0.95, population: 4000 },
    ...{ interval: { low: 0.943, high: 0.956 }, before: { hits: 200, hitRatio: 0.1 }, improvement: 0.85 },
  },
  latency: {
    hits: { samples: 60, p50Ms: 0.1, p95Ms: 0.25 },
    misses: { samples: 60, p50Ms: 3.456, p95Ms: 150.4 },
    speedup: { p50: 34.56, p95: 601.6 },
    datasets: [],
  },
  verdict: "warm",
  problems: [],
};

describe("figures", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [3_200_000_000, "3.2 GB"],
    [-1500, "-1.5 kB"],
  ])("%d bytes are %s", (value, expected) => expect(bytes(value)).toBe(expected));

  it.each([
    [150, "0.15 s"],
    [9990, "9.99 s"],
    [12_300, "12 s"],
    [200_000, "3 min 20 s"],
  ])("%d ms are %s", (value, expected) => expect(duration(value)).toBe(expected));

  it("lines up columns, figures on the right", () => {
    expect(count(1_234_567.8)).toBe("1,234,568");
    expect(
      table(
        ["name", "n"],
        [
          ["a", "1"],
          ["long name", "1,000"],
        ],
        "n",
      ),
    ).toBe("name           n\na              1\nlong name  1,000");
  });
});

describe("report", () => {
  it("is all right only when the run and the validation are", () => {
    expect(makeReport(outcome(), warm).ok).toBe(true);
    expect(makeReport(outcome(), null).ok).toBe(false);
    expect(makeReport(outcome({ ok: false, error: "x" }), warm)).toMatchObject({ ok: false, error: "x" });
    expect(makeReport(outcome(), warm, "no Redis")).toMatchObject({ ok: false, error: "no Redis" });
    expect(makeReport(outcome(), { ...warm, problems: ["too cold"], verdict: "cold" }).ok).toBe(false);
  });

  it("holds what the contract says, and no samples", () => {
    const report = makeReport(outcome(), warm);
    expect(Object.keys(report).sort()).toEqual(
      [
        ...["bytes", "datasets", "durationMs", "evictedKeys", "failed", "keys", "metrics", "ok", "rate", "rows"],
        ...["startedAt", "usedMemory", "validation"],
      ].sort(),
    );
    expect(report.datasets).toEqual([
      {
        ...{ name: "recipes", priority: "HIGH", status: "done", rows: 100, keys: 100, failed: 0, bytes: 40_800 },
        ...{ durationMs: 12, warnings: [] },
      },
    ]);
  });

  it("keeps the first failed key of a dataset as a warning", () => {
    const failed = dataset({ failed: 3, examples: [{ key: "recipe:1", code: "OOM", message: "OOM" }] });
    expect(makeReport(outcome({ datasets: [failed] }), warm).datasets[0]?.warnings).toEqual([
      "first of 3 failed: recipe:1: OOM",
    ]);
  });

  it("reads well", () => {
    const report = {
      ...makeReport(outcome({ datasets: [dataset({ warnings: ["2 duplicate keys"] })] }), warm),
      durationMs: 150,
    };
    expect(formatReport(report)).toBe(
      [
        "dataset  priority  status  rows  keys  failed     sent    time",
        "recipes  HIGH      done     100   100       0  40.8 kB  0.01 s",
        "100 keys in 0.15 s, 12,346 keys/s while writing, 40.8 kB sent, Redis uses 1.6 MB (+650 kB)",
        "recipes: warning: 2 duplicate keys",
        "100 of 100 keys read back right, hit ratio 0.950 (1,900 of 2,000 requests of the access log; " +
          "0.943-0.956 at 95 % for all 4,000), 0.100 before (+85.0 points)",
        "response time  hit (Redis)  miss (PostgreSQL)  faster",
        "p50               0.100 ms            3.46 ms   34.6x",
        "p95               0.250 ms             150 ms  601.6x",
        "verdict: warm",
      ].join("\n"),
    );
  });
});

describe("progress", () => {
  const state = (changes: Partial<DatasetProgress>): DatasetProgress => ({
    ...{ name: "x", priority: "HIGH", status: "running", rows: 0, keys: 0, failed: 0, bytes: 0 },
    ...changes,
  });

  it("tells keys, rate and the time left", () => {
    const datasets = [
      state({ name: "recipes", status: "done", rows: 100, keys: 100, total: 100 }),
      state({ name: "meal-plans", rows: 320, keys: 320, total: 500, failed: 2 }),
      state({ name: "later", status: "pending", total: 20 }),
    ];
    expect(progressLine({ elapsedMs: 100, datasets })).toBe(
      "recipes 100, meal-plans 320/500; 420 keys, 4,200 keys/s, 2 failed, ETA 0.05 s",
    );
  });

  it("tells no time left where a dataset's size is not known", () => {
    expect(progressLine({ elapsedMs: 1000, datasets: [state({ rows: 5, keys: 5 })] })).toBe("x 5; 5 keys, 5 keys/s");
    expect(progressLine({ elapsedMs: 0, datasets: [state({ status: "failed" })] })).toBe(
      "x 0 failed; 0 keys, 0 keys/s",
    );
  });

  it("is said at most once in an interval", () => {
    const said: string[] = [];
    const often = progressReporter((line) => said.push(line), 0);
    const seldom = progressReporter((line) => said.push(line), 60_000);
    for (let i = 0; i < 3; i++) seldom({ elapsedMs: 1, datasets: [] });
    expect(said).toHaveLength(0);
    for (let i = 0; i < 3; i++) often({ elapsedMs: 1, datasets: [] });
    expect(said).toHaveLength(3);
  });
});
