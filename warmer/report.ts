import type { DatasetReport, ValidationReport, WarmReport } from "../contract/warming.ts";
import { bytes, count, duration, keyCount, table } from "./figures.ts";
import type { WarmOutcome } from "./types.ts";
import { passes } from "./validate.ts";

/**
 * The report of a run: what the warmer did, what validation found, and whether both are as they should be.
 *
 * @param validation null where the run ended before it, or it failed itself (then `error` says why).
 */
export function makeReport(outcome: WarmOutcome, validation: ValidationReport | null, error?: string): WarmReport {
  const cause = outcome.error ?? error;
  return {
    ok: outcome.ok && cause === undefined && validation !== null && passes(validation),
    startedAt: outcome.startedAt,
    durationMs: Math.max(0, Date.now() - Date.parse(outcome.startedAt)),
    rows: outcome.rows,
    keys: outcome.keys,
    failed: outcome.failed,
    bytes: outcome.bytes,
    rate: outcome.rate,
    usedMemory: outcome.usedMemory,
    evictedKeys: outcome.evictedKeys,
    datasets: outcome.datasets.map(datasetReport),
    validation,
    ...(cause !== undefined && { error: cause }),
  };
}

/** What the contract knows of a dataset; examples of failures become warnings, so that they are not lost. */
function datasetReport(dataset: WarmOutcome["datasets"][number]): DatasetReport {
  const { name, priority, status, rows, keys, failed, durationMs, error } = dataset;
  const first = dataset.examples[0];
  const example =
    first && `first of ${count(failed)} failed: ${first.key === "" ? "" : `${first.key}: `}${first.message}`;
  return {
    ...{ name, priority, status, rows, keys, failed, bytes: dataset.bytes, durationMs },
    ...(error !== undefined && { error }),
    warnings: example ? [...dataset.warnings, example] : dataset.warnings,
  };
}

/** A report for people: a line for each dataset, the totals, what validation found, the verdict. */
export function formatReport(report: WarmReport): string {
  const lines = [
    table(
      ["dataset", "priority", "status", "rows", "keys", "failed", "sent", "time"],
      report.datasets.map((dataset) => [
        dataset.name,
        dataset.priority,
        dataset.status,
        count(dataset.rows),
        count(dataset.keys),
        count(dataset.failed),
        bytes(dataset.bytes),
        duration(dataset.durationMs),
      ]),
      "rows keys failed sent time",
    ),
    totals(report),
    ...report.datasets.flatMap(({ name, error, warnings }) => [
      ...(error !== undefined && error !== report.error ? [`${name}: ${error}`] : []),
      ...warnings.map((warning) => `${name}: warning: ${warning}`),
    ]),
    ...(report.validation === null ? [] : formatValidation(report.validation)),
    ...(report.error === undefined ? [] : [`failed: ${report.error}`]),
  ];
  return lines.join("\n");
}

function totals(report: WarmReport): string {
  const { before, after } = report.usedMemory;
  const memory = after > 0 ? `Redis uses ${bytes(after)} (${after < before ? "" : "+"}${bytes(after - before)})` : "";
  const evicted = report.evictedKeys > 0 ? `${keyCount(report.evictedKeys)} evicted` : "";
  return [
    `${keyCount(report.keys)} in ${duration(report.durationMs)}`,
    `${count(report.rate)} keys/s while writing`,
    report.failed > 0 ? `${count(report.failed)} failed` : "",
    `${bytes(report.bytes)} sent`,
    memory,
    evicted,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

const replaySources = {
  "access-log": "requests of the access log",
  datasets: "of the datasets' own keys",
  none: "requests",
} as const;

/** What validation found, for people; the last line is the verdict. */
export function formatValidation({ readBack, replay, verdict, problems }: ValidationReport): string[] {
  const found: string[] = [];
  if (readBack.sampled > 0) {
    found.push(`${count(readBack.matching)} of ${keyCount(readBack.sampled)} read back right`);
  }
  if (replay.hitRatio === null) {
    found.push("no requests to replay");
  } else {
    found.push(
      `hit ratio ${replay.hitRatio.toFixed(3)} (${count(replay.hits)} of ${count(replay.requests)} ` +
        `${replaySources[replay.source]})`,
    );
  }
  return [found.join(", "), ...problems.map((problem) => `problem: ${problem}`), `verdict: ${verdict}`];
}
