import { type AlertRule, percent, type Watch } from "../rule.ts";

/** What `hearth warm --metrics` tells of its runs: those of the plans that warm this cache. */
export function warming({ of, thresholds, warmPlans }: Watch): AlertRule[] {
  const runs = warmPlans === undefined ? "" : `{plan=~${JSON.stringify(warmPlans.map(escaped).join("|"))}}`;
  const { warmSeconds, warmSuccess, rewarmWithin } = thresholds;
  const overdue: AlertRule = {
    alert: "HearthRewarmOverdue",
    expr: `time() - hearth_warm_last_success_timestamp_seconds${runs} > ${rewarmWithin}`,
    severity: "warning",
    summary: "{{ $labels.plan }} was warmed well {{ $value | humanizeDuration }} ago, and should be more often",
    action: "See whether hearth warm --watch, or what else warms it, still runs.",
  };
  return [
    {
      alert: "HearthWarmingFailed",
      expr: `hearth_warm_success${runs} == 0`,
      severity: "critical",
      summary: "the last run of {{ $labels.plan }} failed, or missed its gate",
      action: "hearth warm --report tells which datasets, and why; the next good run ends this.",
    },
    {
      alert: "HearthWarmingSlow",
      expr: `hearth_warm_duration_seconds${runs} > ${warmSeconds}`,
      severity: "warning",
      summary: `the last run of {{ $labels.plan }} took {{ $value | humanizeDuration }}, more than ${warmSeconds} s`,
      action:
        "hearth plan explain names indexes that are missing; hearth warm --report shows which dataset takes long.",
    },
    {
      alert: "HearthWarmingIncomplete",
      expr: `hearth_warm_success_ratio${runs} < ${warmSuccess}`,
      severity: "warning",
      summary: `the last run of {{ $labels.plan }} wrote {{ $value | humanizePercentage }} of its keys, less than ${percent(warmSuccess)}`,
      action: "hearth warm --report names the keys that failed, with Redis's words.",
    },
    {
      alert: "HearthEvictionsWhileWarming",
      expr: `increase(redis_evicted_keys_total${of('kind="redis"')}[1m]) > 0 and on () max(hearth_warm_running${runs}) == 1`,
      severity: "warning",
      summary: "{{ $labels.node }} removes keys while others are written: what is warmed does not fit",
      action: "Raise memory, or leave out datasets of low priority; hearth estimate tells what a plan needs.",
    },
    ...(rewarmWithin === undefined ? [] : [overdue]),
  ];
}

/** A name as a regular expression that stands for itself. */
function escaped(name: string): string {
  return name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
