import type {
  DatasetReport,
  LatencyReport,
  ReplayReport,
  ValidationReport,
  WarmMetrics,
  WarmReport,
} from "../contract/warming.ts";
import { bytes, count, duration, keyCount, milliseconds, points, table } from "./figures.ts";
import { shareDone } from "./metrics.ts";
import type { TimelineRecorder } from "./timeline.ts";
import type { WarmOutcome } from "./types.ts";
import { passes } from "./validate.ts";

/**
 * The report of a run: what the warmer did, what validation found, and whether both are as they should be.
 *
 * @param validation null where the run ended before it, or it failed itself (then `error` says why).
 * @param recorder what was seen of the run while it went on; without it the report has no timeline.
 */
export function makeReport(
  outcome: WarmOutcome,
  validation: ValidationReport | null,
  error?: string,
  recorder?: TimelineRecorder,
): WarmReport {
  const cause = outcome.error ?? error;
  return {
    ok: outcome.ok && cause === undefined && validation !== null && passes(validation),
    startedAt: outcome.startedAt,
    durationMs: Math.max(0, Date.now() - Date.parse(outcome.startedAt)),
    rows: outcome.rows,
    keys: outcome.keys,
    failed: outcome.failed,
    ...(outcome.repaired !== undefined && { repaired: outcome.repaired }),
    bytes: outcome.bytes,
    rate: outcome.rate,
    usedMemory: outcome.usedMemory,
    evictedKeys: outcome.evictedKeys,
    datasets: outcome.datasets.map(datasetReport),
    validation,
    metrics: finalMetrics(outcome, validation, recorder),
    ...(outcome.warnings.length > 0 && { warnings: outcome.warnings }),
    ...(recorder !== undefined && { timeline: recorder.timeline() }),
    ...(cause !== undefined && { error: cause }),
  };
}

function finalMetrics(
  outcome: WarmOutcome,
  validation: ValidationReport | null,
  recorder: TimelineRecorder | undefined,
): WarmMetrics {
  const last = recorder?.last;
  const totals = new Map(last?.datasets.map(({ name, total }) => [name, total]));
  const done = outcome.ok ? 1 : last && shareDone(last);
  return {
    totalKeysWarmed: outcome.keys,
    warmingProgress: done === undefined ? null : Math.floor(done * 1000) / 10,
    estimatedTimeRemaining: outcome.ok ? 0 : null,
    warmingRate: outcome.rate,
    memoryUsage: outcome.usedMemory.after > 0 ? outcome.usedMemory.after : null,
    hitRatioImprovement: validation?.replay.improvement ?? null,
    phases: Object.fromEntries(
      outcome.datasets.map(({ name, status, keys, failed }) => [
        name,
        { status, keys, failed, total: totals.get(name) ?? null },
      ]),
    ),
  };
}

/** What the contract knows of a dataset; examples of failures become warnings, so that they are not lost. */
function datasetReport(dataset: WarmOutcome["datasets"][number]): DatasetReport {
  const { name, priority, status, rows, keys, failed, fresh = 0, durationMs, retries, error } = dataset;
  const first = dataset.examples[0];
  const example =
    first && `first of ${count(failed)} failed: ${first.key === "" ? "" : `${first.key}: `}${first.message}`;
  return {
    ...{ name, priority, status, rows, keys, failed, bytes: dataset.bytes, durationMs },
    ...(fresh > 0 && { fresh }),
    ...(retries !== undefined && { retries }),
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
    ...(report.warnings ?? []).map((warning) => `warning: ${warning}`),
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
  const fresh = report.datasets.reduce((sum, dataset) => sum + (dataset.fresh ?? 0), 0);
  const evicted = report.evictedKeys > 0 ? `${keyCount(report.evictedKeys)} evicted` : "";
  return [
    `${keyCount(report.keys)} in ${duration(report.durationMs)}`,
    `${count(report.rate)} keys/s while writing`,
    report.failed > 0 ? `${count(report.failed)} failed` : "",
    report.repaired === undefined ? "" : `repaired: ${keyCount(report.repaired)}`,
    fresh > 0 ? `${keyCount(fresh)} left alone` : "",
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
export function formatValidation({ readBack, replay, latency, verdict, problems }: ValidationReport): string[] {
  const found: string[] = [];
  if (readBack.sampled > 0) {
    found.push(`${count(readBack.matching)} of ${keyCount(readBack.sampled)} read back right`);
  }
  found.push(replay.hitRatio === null ? "no requests to replay" : formatRatio(replay, replay.hitRatio));
  return [
    found.join(", "),
    ...(latency === null ? [] : formatLatency(latency)),
    ...problems.map((problem) => `problem: ${problem}`),
    `verdict: ${verdict}`,
  ];
}

function formatRatio(replay: ReplayReport, ratio: number): string {
  const { interval, before, improvement, requests, population } = replay;
  const replayed = `${count(replay.hits)} of ${count(requests)} ${replaySources[replay.source]}`;
  const certainty =
    population <= requests || interval === null
      ? "all of them"
      : `${interval.low.toFixed(3)}-${interval.high.toFixed(3)} at 95 % for all ${count(population)}`;
  const gain = before && improvement !== null ? `, ${before.hitRatio.toFixed(3)} before (${points(improvement)})` : "";
  return `hit ratio ${ratio.toFixed(3)} (${replayed}; ${certainty})${gain}`;
}

function formatLatency({ hits, misses, speedup }: LatencyReport): string[] {
  const line = (name: string, hit: number, miss: number, factor: number): string[] => [
    name,
    milliseconds(hit),
    milliseconds(miss),
    `${factor.toFixed(1)}x`,
  ];
  const rows = [line("p50", hits.p50Ms, misses.p50Ms, speedup.p50), line("p95", hits.p95Ms, misses.p95Ms, speedup.p95)];
  const headings = ["response time", "hit (Redis)", "miss (PostgreSQL)", "faster"];
  return table(headings, rows, headings.slice(1).join("|"), "|").split("\n");
}
