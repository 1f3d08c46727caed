import type { DatasetReport, DatasetStatus, ValidationReport, WarmMetrics, WarmReport } from "../contract/warming.ts";

/** Mismatches that a report quotes. */
const examples = 5;
/** What many parts say of a small dataset that the whole has rows of. */
const noRows = "the query returned no rows";

/**
 * One report of the parts of a plan that were warmed at once (`--shard i/n`). Rows, keys, bytes and rates add up; what
 * all parts saw of the same servers (memory, evictions) does not.
 *
 * @param validation of the whole, when all parts had ended; null where it did not come to that
 */
export function mergeReports(
  parts: readonly WarmReport[],
  validation: ValidationReport | null,
  error?: string,
): WarmReport {
  const [first] = parts;
  if (first === undefined) throw new RangeError("mergeReports: there are no parts");
  const cause = error ?? firstError(parts);
  const began = Math.min(...parts.map(({ startedAt }) => Date.parse(startedAt)));
  const repaired = sum(parts, (part) => part.repaired ?? 0);
  const warnings = [...new Set(parts.flatMap((part) => part.warnings ?? []))];
  const datasets = first.datasets.map(({ name }) => mergeDataset(parts, name));
  const merged = {
    ok: cause === undefined && validation !== null && validation.problems.length === 0,
    startedAt: new Date(began).toISOString(),
    durationMs: Math.max(0, Date.now() - began),
    rows: sum(parts, ({ rows }) => rows),
    keys: sum(parts, ({ keys }) => keys),
    failed: sum(parts, ({ failed }) => failed),
    ...(repaired > 0 && { repaired }),
    bytes: sum(parts, ({ bytes }) => bytes),
    rate: sum(parts, ({ rate }) => rate),
    usedMemory: {
      before: Math.min(...parts.map(({ usedMemory }) => usedMemory.before)),
      after: Math.max(...parts.map(({ usedMemory }) => usedMemory.after)),
    },
    evictedKeys: Math.max(...parts.map(({ evictedKeys }) => evictedKeys)),
    datasets,
    validation,
    ...(warnings.length > 0 && { warnings }),
    ...(cause !== undefined && { error: cause }),
  };
  return { ...merged, metrics: mergeMetrics(parts, merged) };
}

/** What reading back found, over all parts. */
export function mergeReadBack(parts: readonly WarmReport[]): ValidationReport["readBack"] {
  const found = parts.flatMap(({ validation }) => (validation === null ? [] : [validation.readBack]));
  return {
    sampled: sum(found, ({ sampled }) => sampled),
    matching: sum(found, ({ matching }) => matching),
    mismatches: found.flatMap(({ mismatches }) => mismatches).slice(0, examples),
  };
}

/** The hit ratio of the requests of all parts before anything was written; undefined where one did not measure it. */
export function hitRatioBefore(parts: readonly WarmReport[]): number | undefined {
  const replays = parts.map(({ validation }) => validation?.replay);
  if (replays.some((replay) => replay === undefined || (replay.before === null && replay.requests > 0)))
    return undefined;
  const requests = sum(replays, (replay) => replay?.requests ?? 0);
  return requests === 0 ? undefined : sum(replays, (replay) => replay?.before?.hits ?? 0) / requests;
}

function mergeDataset(parts: readonly WarmReport[], name: string): DatasetReport {
  const found = parts.flatMap(({ datasets }) => datasets.filter((dataset) => dataset.name === name));
  const rows = sum(found, (dataset) => dataset.rows);
  const fresh = sum(found, (dataset) => dataset.fresh ?? 0);
  const retries = sum(found, (dataset) => dataset.retries ?? 0);
  const error = found.find((dataset) => dataset.error !== undefined)?.error;
  const warnings = [...new Set(found.flatMap((dataset) => dataset.warnings))];
  return {
    name,
    priority: found[0]?.priority ?? "",
    status: mergeStatus(found.map(({ status }) => status)),
    rows,
    keys: sum(found, (dataset) => dataset.keys),
    failed: sum(found, (dataset) => dataset.failed),
    ...(fresh > 0 && { fresh }),
    bytes: sum(found, (dataset) => dataset.bytes),
    durationMs: Math.max(0, ...found.map(({ durationMs }) => durationMs)),
    ...(retries > 0 && { retries }),
    ...(error !== undefined && { error }),
    warnings: rows > 0 ? warnings.filter((warning) => warning !== noRows) : warnings,
  };
}

function mergeStatus(all: readonly DatasetStatus[]): DatasetStatus {
  const worst = (["failed", "running", "pending", "skipped"] as const).find((status) => all.includes(status));
  return worst ?? "done";
}

function mergeMetrics(parts: readonly WarmReport[], merged: Omit<WarmReport, "metrics">): WarmMetrics {
  const progress = parts.map(({ metrics }) => metrics.warmingProgress);
  const known = progress.every((one) => one !== null);
  return {
    totalKeysWarmed: merged.keys,
    warmingProgress: known ? Math.floor((sum(progress, (one) => one ?? 0) / parts.length) * 10) / 10 : null,
    estimatedTimeRemaining: merged.error === undefined ? 0 : null,
    warmingRate: merged.rate,
    memoryUsage: merged.usedMemory.after > 0 ? merged.usedMemory.after : null,
    hitRatioImprovement: merged.validation?.replay.improvement ?? null,
    phases: Object.fromEntries(
      merged.datasets.map(({ name, status, keys, failed }) => {
        const totals = parts.map(({ metrics }) => metrics.phases[name]?.total ?? null);
        const total = totals.includes(null) ? null : sum(totals, (one) => one ?? 0);
        return [name, { status, keys, failed, total }];
      }),
    ),
  };
}

function firstError(parts: readonly WarmReport[]): string | undefined {
  const index = parts.findIndex(({ error }) => error !== undefined);
  return index < 0 ? undefined : `part ${index + 1} of ${parts.length}: ${parts[index]?.error}`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
