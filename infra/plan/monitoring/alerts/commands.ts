import { type AlertRule, percent, type RecordingRule, type Watch } from "../rule.ts";

/** What clients of a cluster are told when they ask the wrong node, and ask the right one then: no failures. */
const redirections = "MOVED|ASK|TRYAGAIN";

/** Error replies, of all commands of all nodes, and what a command takes on average. */
export function commandRecords({ of }: Watch): RecordingRule[] {
  const data = 'kind="redis"';
  const perNode = (metric: string): string =>
    `sum by (stack, cache, topology, node) (rate(${metric}${of(data, 'cmd!~"info|psync|replconf"')}[5m]))`;
  const perCache = (metric: string, ...more: string[]): string =>
    `sum by (stack, cache, topology) (rate(${metric}${of(data, ...more)}[5m]))`;
  return [
    { record: "hearth:errors:rate5m", expr: perCache("redis_errors_total", `err!~"${redirections}"`) },
    {
      record: "hearth:error_ratio:rate5m",
      expr: `hearth:errors:rate5m${of()} / ${perCache("redis_commands_processed_total")}`,
    },
    {
      record: "hearth:command_seconds:rate5m",
      expr: `${perNode("redis_commands_duration_seconds_total")} / (${perNode("redis_commands_total")} > 0)`,
    },
  ];
}

/** Commands that fail, or take long. */
export function commands({ of, thresholds }: Watch): AlertRule[] {
  return [
    {
      alert: "HearthErrorRatioHigh",
      // Where hardly anything is asked, a single error would be a large share of it.
      expr: `hearth:error_ratio:rate5m${of()} > ${thresholds.errorRatio} and hearth:errors:rate5m${of()} >= ${thresholds.minErrorsPerSecond}`,
      for: "5m",
      severity: "warning",
      summary: `{{ $value | humanizePercentage }} of the commands of {{ $labels.cache }} are refused, more than ${percent(thresholds.errorRatio)}`,
      action: "INFO errorstats says which errors: OOM is memory, NOPERM and WRONGPASS a user, READONLY a failover.",
    },
    {
      alert: "HearthSlowCommands",
      expr: `increase(redis_slowlog_last_id${of('kind="redis"')}[5m]) > ${thresholds.slowCommands}`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.node }} has had {{ $value }} slow commands in five minutes",
      action: "SLOWLOG GET shows them: large keys, KEYS, unbounded ranges.",
    },
    {
      alert: "HearthLatencyHigh",
      expr: `hearth:command_seconds:rate5m${of()} > ${thresholds.commandSeconds}`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.node }} takes {{ $value | humanizeDuration }} for a command on average",
      action: "LATENCY DOCTOR and SLOWLOG GET say why; look at the machine's CPU and swap.",
    },
  ];
}
