import type { WarmMetrics } from "../contract/warming.ts";
import { type Pulse, sum } from "./pulse.ts";
import type { DatasetProgress, Progress } from "./types.ts";

function isOpen({ status }: DatasetProgress): boolean {
  return status === "pending" || status === "running";
}

/** Rows that a dataset will have had in the end; undefined while that is not known. */
function expectedRows(dataset: DatasetProgress): number | undefined {
  if (!isOpen(dataset)) return dataset.rows;
  return dataset.total === undefined ? undefined : Math.max(dataset.total, dataset.rows);
}

/** Rows still to come; undefined while a dataset that is not finished has no estimate. */
export function rowsLeft({ datasets }: Progress): number | undefined {
  let left = 0;
  for (const dataset of datasets) {
    const expected = expectedRows(dataset);
    if (expected === undefined) return undefined;
    left += expected - dataset.rows;
  }
  return left;
}

/** Share of the rows to expect that have been read, 0-1; undefined while their number is not known. */
export function shareDone(progress: Progress): number | undefined {
  const left = rowsLeft(progress);
  if (left === undefined) return undefined;
  const rows = sum(progress.datasets, "rows");
  // Nothing to expect is all done only when every dataset has ended.
  if (rows + left === 0) return progress.datasets.some(isOpen) ? 0 : 1;
  return rows / (rows + left);
}

/** Seconds to go at the rate of the moment; undefined while that cannot be told. */
export function secondsLeft(progress: Progress, pulse: Pulse): number | undefined {
  const left = rowsLeft(progress);
  if (left === 0) return 0;
  const rate = pulse.rowsPerSecond;
  return left === undefined || rate <= 0 ? undefined : left / rate;
}

/** The figures of a dashboard while a run goes on. */
export function metricsOf(progress: Progress, pulse: Pulse): WarmMetrics {
  const done = shareDone(progress);
  const seconds = secondsLeft(progress, pulse);
  return {
    totalKeysWarmed: sum(progress.datasets, "keys"),
    warmingProgress: done === undefined ? null : Math.floor(done * 1000) / 10,
    estimatedTimeRemaining: seconds === undefined ? null : Number(seconds.toFixed(1)),
    warmingRate: Math.round(pulse.keysPerSecond),
    memoryUsage: progress.usedMemory ?? null,
    hitRatioImprovement: null,
    phases: Object.fromEntries(
      progress.datasets.map(({ name, status, keys, failed, total }) => [
        name,
        { status, keys, failed, total: total ?? null },
      ]),
    ),
  };
}
