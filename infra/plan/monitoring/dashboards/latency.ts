import { dashboard } from "./dashboard.ts";
import { lowerIsBetter, row, stat, timeseries } from "./panels.ts";
import { nodes, ofCache, rate } from "./variables.ts";

/** Those of `hearth serve-health`: applications may have metrics of the same name, without this label. */
const probes = 'cache_operation_duration_seconds_bucket{server!=""}';
const ofProbes = (share: number, by = ""): string =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(${probes}[$__rate_interval])))`;
const mean = (by: string): string =>
  `sum by (${by}) (${rate("redis_commands_duration_seconds_total")}) / (sum by (${by}) (${rate("redis_commands_total")}) > 0)`;
const percentiles = (quantile: string): string =>
  `topk(10, max by (cmd) (redis_latency_percentiles_usec${nodes(`quantile="${quantile}"`)}))`;

/** What a request takes: seen from outside, and inside Redis by command. */
export const latency = dashboard({
  name: "latency",
  title: "Latency",
  description: "What a request takes: p50 and p95 from outside (hearth serve-health), and inside Redis by command.",
  variables: ofCache('kind="redis"'),
  panels: [
    stat({
      title: "p50 from outside",
      description: "SET, GET and DEL of hearth serve-health, network included.",
      unit: "s",
      queries: [[ofProbes(0.5), "p50"]],
      noValue: "no serve-health",
      steps: lowerIsBetter(0.005, 0.05),
    }),
    stat({
      title: "p95 from outside",
      description: "It is to be less than 10 ms.",
      unit: "s",
      queries: [[ofProbes(0.95), "p95"]],
      noValue: "no serve-health",
      steps: lowerIsBetter(0.01, 0.1),
    }),
    stat({
      title: "Mean inside Redis",
      description: "Of all commands of the chosen nodes.",
      unit: "s",
      queries: [[mean("cache"), "mean"]],
      steps: lowerIsBetter(0.001, 0.005),
    }),
    stat({
      title: "Slow commands",
      description: "That went into the slow log in the last 5 minutes.",
      unit: "none",
      queries: [[`sum(increase(redis_slowlog_last_id${nodes()}[5m]))`, "slow"]],
      steps: lowerIsBetter(1, 50),
    }),
    stat({
      title: "Last slow command",
      description: "What the newest one in the slow log took, on the node where that is most.",
      unit: "s",
      queries: [[`max(redis_last_slow_execution_duration_seconds${nodes()})`, "slowest"]],
      steps: lowerIsBetter(0.01, 0.1),
    }),
    stat({
      title: "Last fork",
      description: "How long a snapshot held the server up, on the node where that is most.",
      unit: "s",
      queries: [[`max(redis_latest_fork_seconds${nodes()})`, "fork"]],
      steps: lowerIsBetter(0.1, 1),
    }),
    row("From outside"),
    timeseries({
      title: "p50 and p95",
      description: "Of the commands of hearth serve-health, network included.",
      unit: "s",
      min: 0,
      queries: [
        [ofProbes(0.5), "p50"],
        [ofProbes(0.95), "p95"],
      ],
    }),
    timeseries({
      title: "p95 by operation",
      description: "Of the commands of hearth serve-health.",
      unit: "s",
      min: 0,
      queries: [[ofProbes(0.95, ", operation"), "{{operation}}"]],
    }),
    row("Inside Redis"),
    timeseries({
      title: "Mean by node",
      description: "Over all commands.",
      unit: "s",
      min: 0,
      queries: [[mean("node"), "{{node}}"]],
    }),
    timeseries({
      title: "Mean by command",
      description: "Of the ten slowest.",
      unit: "s",
      min: 0,
      queries: [[`topk(10, ${mean("cmd")})`, "{{cmd}}"]],
    }),
    timeseries({
      title: "p50 by command",
      description: "Since the server was started, as Redis keeps it (7.0 and later): the ten slowest.",
      unit: "µs",
      min: 0,
      queries: [[percentiles("50"), "{{cmd}}"]],
    }),
    timeseries({
      title: "p99 by command",
      description: "Since the server was started, as Redis keeps it (7.0 and later): the ten slowest.",
      unit: "µs",
      min: 0,
      queries: [[percentiles("99"), "{{cmd}}"]],
    }),
    timeseries({
      title: "Time spent by command",
      description: "Seconds of work per second: what keeps Redis busy.",
      unit: "percentunit",
      stacked: true,
      queries: [[`topk(10, sum by (cmd) (${rate("redis_commands_duration_seconds_total")}))`, "{{cmd}}"]],
    }),
    timeseries({
      title: "Calls by command",
      description: "Per second: the ten most frequent.",
      unit: "ops",
      stacked: true,
      queries: [[`topk(10, sum by (cmd) (${rate("redis_commands_total")}))`, "{{cmd}}"]],
    }),
    row("Slow log and the exporter"),
    timeseries({
      title: "Slow log",
      description: "New entries, by node.",
      unit: "short",
      min: 0,
      queries: [[`increase(redis_slowlog_last_id${nodes()}[$__rate_interval])`, "{{node}}"]],
    }),
    timeseries({
      title: "Scrape",
      description: "What the exporter took to ask each node: it asks as a client does.",
      unit: "s",
      min: 0,
      queries: [[`redis_exporter_last_scrape_duration_seconds${nodes()}`, "{{node}}"]],
    }),
  ],
});
