import { WarmRun } from "./run.ts";
import { MAX_TTL_SECONDS } from "./ttl.ts";
import type { WarmOptions, WarmOutcome } from "./types.ts";
import { warmByUsage } from "./warm-by-usage.ts";

function checkOptions(options: WarmOptions): void {
  const problems: string[] = [];
  const check = (name: string, value: number | undefined, least: number, most: number, whole = true): void => {
    if (value === undefined) return;
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return;
    problems.push(`${name}: got ${value}; allowed is a ${whole ? "whole " : ""}number from ${least} to ${most}`);
  };
  const DAY_MS = 86_400_000;
  check("deadlineMs", options.deadlineMs, 1, DAY_MS);
  check("statementTimeoutMs", options.statementTimeoutMs, 1, DAY_MS);
  check("patienceMs", options.patienceMs, 1, DAY_MS);
  check("parallel", options.parallel, 1, 16);
  check("sampleSize", options.sampleSize, 0, 100_000);
  check("limits.keysPerSecond", options.limits?.keysPerSecond, 1, 1e9);
  check("limits.bytesPerSecond", options.limits?.bytesPerSecond, 1000, 1e12);
  check("latencyCeilingMs", options.latencyCeilingMs ?? undefined, 0.1, 60_000, false);
  check("headroom", options.headroom ?? undefined, 0, 0.99, false);
  check("datasetDeadlineMs", options.datasetDeadlineMs, 1, DAY_MS);
  check("retries", options.retries, 0, 100);
  check("onlyMissing.freshSeconds", options.onlyMissing?.freshSeconds, 0, MAX_TTL_SECONDS);
  if (options.shard !== undefined) {
    check("shard.count", options.shard.count, 1, 10_000);
    check("shard.index", options.shard.index, 0, options.shard.count - 1);
  }
  if (options.engine !== undefined && !["auto", "restore", "hset"].includes(options.engine)) {
    problems.push(`engine: got ${JSON.stringify(options.engine)}; allowed are "auto", "restore", "hset"`);
  }
  if (problems.length > 0) throw new RangeError(`warm: ${problems.join("; ")}`);
}

/**
 * Fills the Redis of an endpoint from PostgreSQL, as a plan says: datasets by priority, those of one priority in
 * parallel. Only keys that Redis acknowledged count.
 *
 * Resolves to an outcome also when the run fails, so that the counts of what was written are never lost: look at
 * `ok` and `error`. A dataset that fails does not keep the others from being written; a Redis that refuses to write
 * (OOM, READONLY, wrong password) ends the run.
 *
 * @throws RangeError for options out of range, naming each; nothing else
 */
export async function warm(options: WarmOptions): Promise<WarmOutcome> {
  checkOptions(options);
  if (options.plan.usage !== undefined) return warmByUsage(options, (chosen) => new WarmRun(chosen).run());
  return new WarmRun(options).run();
}
