import { type AlertRule, percent, type RecordingRule, type Watch } from "../rule.ts";

/** Memory in use, of `maxmemory`; nothing where there is no limit. */
export function memoryRecords({ of }: Watch): RecordingRule[] {
  const limit = `redis_memory_max_bytes${of('kind="redis"')}`;
  return [{ record: "hearth:memory:ratio", expr: `redis_memory_used_bytes${of('kind="redis"')} / (${limit} > 0)` }];
}

/** Memory that is nearly full. */
export function memory({ of, thresholds }: Watch): AlertRule[] {
  const above = (share: number): string => `hearth:memory:ratio${of()} > ${share}`;
  const summary = "{{ $labels.node }} uses {{ $value | humanizePercentage }} of its memory for data";
  return [
    {
      alert: "HearthMemoryHigh",
      expr: above(thresholds.memoryWarning),
      for: "5m",
      severity: "warning",
      summary: `${summary}, more than ${percent(thresholds.memoryWarning)}`,
      action:
        "Shorten times to live or raise memory before keys are removed (allkeys-*) or writes refused (noeviction).",
    },
    {
      alert: "HearthMemoryCritical",
      expr: above(thresholds.memoryCritical),
      for: "1m",
      severity: "critical",
      summary: `${summary}, more than ${percent(thresholds.memoryCritical)}`,
      action: "Raise memory now (a change of hearth:memory is made live), or remove what is not needed.",
    },
  ];
}
