import { dashboard } from "./dashboard.ts";
import { higherIsBetter, lowerIsBetter, row, stat, table, timeseries } from "./panels.ts";
import { ofWarming } from "./variables.ts";

const of = (metric: string, ...more: string[]): string =>
  `hearth_warm_${metric}{${['plan=~"$plan"', ...more].join(",")}}`;
const dataset = 'dataset=~"$dataset"';
const rate = (metric: string): string => `rate(${of(metric, dataset)}[$__rate_interval])`;
const goodOrNot = { 0: { text: "failed", color: "red" }, 1: { text: "good", color: "green" } };

/** How the last warming went, how warm it left the cache, and when the next one is due. */
export const warming = dashboard({
  name: "warming",
  title: "Warming",
  description: "The figures of hearth warm --metrics (or --metrics-port): how it goes, and how warm it left the cache.",
  variables: ofWarming,
  from: "now-24h",
  panels: [
    stat({
      title: "Last run",
      description: "Good: all datasets were written, and the gate was met.",
      unit: "none",
      queries: [[of("success"), "{{plan}}"]],
      words: goodOrNot,
      noValue: "none yet",
    }),
    stat({
      title: "Last good run",
      description: "How long ago it ended.",
      unit: "s",
      queries: [[`time() - ${of("last_success_timestamp_seconds")}`, "{{plan}}"]],
      noValue: "never",
      steps: lowerIsBetter(3600, 86_400),
    }),
    stat({
      title: "Hit ratio after",
      description: "Requests that were replayed, and hit.",
      unit: "percentunit",
      queries: [[of("hit_ratio"), "{{plan}}"]],
      noValue: "no requests",
      steps: higherIsBetter(0.7, 0.9),
    }),
    stat({
      title: "Hit ratio before",
      description: "The same requests before the first key was written.",
      unit: "percentunit",
      queries: [[of("hit_ratio_before"), "{{plan}}"]],
      noValue: "not measured",
    }),
    stat({
      title: "Time",
      description: "Of the last run, validation included. It is to be less than 5 minutes.",
      unit: "s",
      queries: [[of("duration_seconds"), "{{plan}}"]],
      steps: lowerIsBetter(300, 600),
    }),
    stat({
      title: "Keys written",
      description: "Of those that should have been, in the last run: 95 % at least.",
      unit: "percentunit",
      queries: [[of("success_ratio"), "{{plan}}"]],
      steps: higherIsBetter(0.95, 0.99),
    }),
    row("While it runs"),
    timeseries({
      title: "Progress",
      description: "Share of the rows to expect that have been read.",
      unit: "percentunit",
      min: 0,
      max: 1,
      queries: [[of("progress_ratio"), "{{plan}}"]],
    }),
    timeseries({
      title: "Rate",
      description: "Keys per second, as the warmer says.",
      unit: "cps",
      min: 0,
      queries: [[of("keys_per_second"), "{{plan}}"]],
    }),
    timeseries({
      title: "Keys written",
      description: "Per second, by dataset; failed: those that Redis refused.",
      unit: "cps",
      stacked: true,
      queries: [
        [`sum by (dataset) (${rate("keys_total")})`, "{{dataset}}"],
        [`sum(${rate("keys_failed_total")})`, "failed"],
      ],
    }),
    timeseries({
      title: "Sent to Redis",
      description: "Bytes per second, by dataset.",
      unit: "Bps",
      stacked: true,
      queries: [[`sum by (dataset) (${rate("sent_bytes_total")})`, "{{dataset}}"]],
    }),
    row("How warm it left the cache"),
    timeseries({
      title: "Hit ratio",
      description: "Of replayed requests, after each run and before it.",
      unit: "percentunit",
      min: 0,
      max: 1,
      queries: [
        [of("hit_ratio"), "{{plan}} after"],
        [of("hit_ratio_before"), "{{plan}} before"],
      ],
    }),
    timeseries({
      title: "Response times",
      description: "Of hits (Redis) and of misses (PostgreSQL), p50 and p95, as validation measured them.",
      unit: "s",
      min: 0,
      queries: [[of("response_time_seconds"), "{{source}} p{{percentile}}"]],
    }),
    timeseries({
      title: "Memory of Redis",
      description: "Over all primaries, as the warmer saw it.",
      unit: "bytes",
      min: 0,
      queries: [[of("redis_memory_used_bytes"), "{{plan}}"]],
    }),
    timeseries({
      title: "Keys evicted during a run",
      description: "More than none: the memory is too small for the plan.",
      unit: "short",
      min: 0,
      queries: [[of("evicted_keys"), "{{plan}}"]],
      steps: lowerIsBetter(1, 1000),
    }),
    row("Runs and datasets"),
    table({
      title: "Runs",
      description: "How they ended, since the warmer's process was started.",
      unit: "none",
      queries: [[`sum by (plan, result) (${of("runs_total")})`, "{{plan}}"]],
    }),
    table({
      title: "Datasets",
      description: "Status of each in the last run.",
      unit: "none",
      queries: [[`max by (plan, dataset, status) (${of("dataset_status", dataset)} == 1)`, "{{dataset}}"]],
    }),
    timeseries(
      {
        title: "Time of each dataset",
        description: "In the last run.",
        unit: "s",
        min: 0,
        queries: [[of("dataset_duration_seconds", dataset), "{{dataset}}"]],
      },
      24,
    ),
  ],
});
