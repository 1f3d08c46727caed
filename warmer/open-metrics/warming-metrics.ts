import type { WarmReport } from "../../contract/warming.ts";
import { metricsOf } from "../metrics.ts";
import { Pulse } from "../pulse.ts";
import type { Progress } from "../types.ts";
import { DatasetMetrics } from "./dataset-metrics.ts";
import { MetricSet, type MetricsText } from "./metric-set.ts";
import { labelsOf, type RunIdentity } from "./run-labels.ts";
import { ValidationFigures } from "./validation-figures.ts";

/** Name of the time at which the last good run ended: a failed one is not to make it forgotten. */
export const lastSuccessName = "hearth_warm_last_success_timestamp_seconds";

/** How a run has ended. */
export type RunEnd = { readonly report: WarmReport } | { readonly error: unknown };

/** Figures of warming for Prometheus, while it goes on and afterwards. */
export class WarmingMetrics {
  readonly #set: MetricSet;
  readonly #datasets: DatasetMetrics;
  readonly #validation: ValidationFigures;
  readonly #running;
  readonly #progress;
  readonly #rate;
  readonly #remaining;
  readonly #memory;
  readonly #runs;
  readonly #success;
  readonly #successRatio;
  readonly #duration;
  readonly #evicted;
  readonly #repaired;
  readonly #lastRun;
  readonly #lastSuccess;
  #pulse = new Pulse();

  /** @param lastSuccess seconds since 1970 of the last good run of an earlier process */
  constructor(identity: RunIdentity, lastSuccess?: number) {
    const set = new MetricSet(labelsOf(identity));
    this.#set = set;
    const gauge = (name: string, help: string) => set.gauge({ name: `hearth_warm_${name}`, help });
    this.#running = gauge("running", "Whether a run is under way");
    this.#progress = gauge("progress_ratio", "Share of the rows to expect that have been read");
    this.#rate = gauge("keys_per_second", "Keys written per second: at the moment, or over the last run");
    this.#remaining = gauge("remaining_seconds", "Time to go, at the rate so far");
    this.#memory = gauge("redis_memory_used_bytes", "Memory that Redis uses, over all primaries");
    this.#runs = set.counter({ name: "hearth_warm_runs_total", help: "Runs by how they ended", labels: ["result"] });
    this.#success = gauge("success", "Whether the last run was good: all datasets written, and the gate met");
    this.#successRatio = gauge("success_ratio", "Keys written of all that should have been, in the last run");
    this.#duration = gauge("duration_seconds", "Time of the last run, validation included");
    this.#evicted = gauge("evicted_keys", "Keys that Redis evicted during the last run");
    this.#repaired = gauge("repaired_keys", "Keys written again after a failover, in the last run");
    this.#lastRun = gauge("last_run_timestamp_seconds", "When the last run ended");
    this.#lastSuccess = set.gauge({ name: lastSuccessName, help: "When the last good run ended" });
    this.#datasets = new DatasetMetrics(set);
    this.#validation = new ValidationFigures(set, "hearth_warm");
    for (const one of this.#absentAtFirst) one.remove();
    this.#running.set(0);
    if (lastSuccess !== undefined) this.#lastSuccess.set(lastSuccess);
  }

  /** A run begins. */
  begin(): void {
    this.#running.set(1);
    this.#pulse = new Pulse();
    this.#datasets.begin();
    this.#progress.set(0);
    this.#rate.set(0);
  }

  progress(progress: Progress): void {
    this.#pulse.add(progress);
    this.#datasets.add(progress.datasets);
    const { warmingProgress, warmingRate, estimatedTimeRemaining, memoryUsage } = metricsOf(progress, this.#pulse);
    if (warmingProgress !== null) this.#progress.set(warmingProgress / 100);
    this.#rate.set(warmingRate);
    if (estimatedTimeRemaining === null) this.#remaining.remove();
    else this.#remaining.set(estimatedTimeRemaining);
    if (memoryUsage !== null) this.#memory.set(memoryUsage);
  }

  /** A run has ended. One that was not begun, since another warmer is at work, says nothing about the cache. */
  end(result: RunEnd): void {
    this.#running.set(0);
    this.#remaining.remove();
    if ("error" in result && result.error instanceof Error && result.error.name === "BusyError") {
      this.#runs.inc({ result: "busy" });
      return;
    }
    const now = Date.now() / 1000;
    this.#lastRun.set(now);
    const ok = "report" in result && result.report.ok;
    this.#success.set(ok ? 1 : 0);
    if (ok) this.#lastSuccess.set(now);
    if ("error" in result) {
      this.#runs.inc({ result: "failed" });
      return;
    }
    const { report } = result;
    // A gate may be content with a cache that nobody asks: the verdict says which it was.
    this.#runs.inc({ result: report.error === undefined ? (report.validation?.verdict ?? "failed") : "failed" });
    this.#datasets.add(report.datasets);
    this.#validation.set(report.validation);
    this.#addTotals(report);
  }

  /** @param accept the scraper's header */
  async text(accept?: string): Promise<MetricsText> {
    return await this.#set.text(accept);
  }

  #addTotals(report: WarmReport): void {
    const { keys, failed, metrics } = report;
    this.#rate.set(report.rate);
    this.#duration.set(report.durationMs / 1000);
    this.#evicted.set(report.evictedKeys);
    this.#repaired.set(report.repaired ?? 0);
    if (metrics.warmingProgress !== null) this.#progress.set(metrics.warmingProgress / 100);
    if (metrics.memoryUsage !== null) this.#memory.set(metrics.memoryUsage);
    if (keys + failed > 0) this.#successRatio.set(keys / (keys + failed));
    else this.#successRatio.remove();
  }

  /** What is 0 only when it was seen to be. */
  get #absentAtFirst() {
    return [
      ...[this.#progress, this.#rate, this.#remaining, this.#memory, this.#success, this.#successRatio],
      ...[this.#duration, this.#evicted, this.#repaired, this.#lastRun, this.#lastSuccess],
    ];
  }
}
