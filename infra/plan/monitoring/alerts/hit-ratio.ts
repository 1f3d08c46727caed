import { type AlertRule, percent, type RecordingRule, type Watch } from "../rule.ts";

/** Hits, of all reads of all nodes. */
export function hitRatioRecords({ of }: Watch): RecordingRule[] {
  const sum = (metric: string, window: string): string =>
    `sum by (stack, cache, topology) (rate(redis_keyspace_${metric}_total${of('kind="redis"')}[${window}]))`;
  return ["5m", "1d"].flatMap((window) => [
    { record: `hearth:reads:rate${window}`, expr: `${sum("hits", window)} + ${sum("misses", window)}` },
    { record: `hearth:hit_ratio:rate${window}`, expr: `${sum("hits", window)} / hearth:reads:rate${window}${of()}` },
  ]);
}

/** A cache that does not help: told only where it is read at all. */
export function hitRatio({ of, thresholds }: Watch): AlertRule[] {
  const below = (share: number, window = "5m"): string =>
    `hearth:hit_ratio:rate${window}${of()} < ${share} and hearth:reads:rate${window}${of()} >= ${thresholds.minReadsPerSecond}`;
  const summary = "of the reads of {{ $labels.cache }}, {{ $value | humanizePercentage }} hit, less than";
  return [
    {
      alert: "HearthHitRatioBelowTarget",
      expr: below(thresholds.hitRatioTarget),
      for: "30m",
      severity: "warning",
      summary: `${summary} ${percent(thresholds.hitRatioTarget)}`,
      action: "Look which keys are missed, and have the warm plan write them, or let them live longer.",
    },
    {
      alert: "HearthHitRatioLow",
      expr: below(thresholds.hitRatioLow),
      for: "10m",
      severity: "warning",
      summary: `${summary} ${percent(thresholds.hitRatioLow)}`,
      action: "Warm again (hearth warm, or another trigger of CacheWarming); look at evictions and times to live.",
    },
    {
      alert: "HearthHitRatioCritical",
      expr: below(thresholds.hitRatioCritical),
      for: "5m",
      severity: "critical",
      summary: `${summary} ${percent(thresholds.hitRatioCritical)}: the database answers most of them`,
      action: "Warm again now (hearth warm); see whether the cache was flushed or lost its data.",
    },
    {
      // rate() goes by what it has: a day's ratio says something once there is a day of it.
      alert: "HearthHitRatioUseless",
      expr: `${below(thresholds.hitRatioUseless, "1d")} and on (stack, cache) min by (stack, cache) (redis_uptime_in_seconds${of('kind="redis"')}) > 86400`,
      severity: "warning",
      summary: `${summary} ${percent(thresholds.hitRatioUseless)} over a day`,
      action: "What is cached is not what is asked for: look at the application's keys and at the warm plan.",
    },
  ];
}
