import type { ResponseTimes, ValidationReport } from "../../contract/warming.ts";
import type { MetricSet } from "./metric-set.ts";

const verdicts = ["warm", "cold", "no-traffic"] as const;

/** What validation found, as metrics. */
export class ValidationFigures {
  readonly #hitRatio;
  readonly #hitRatioBefore;
  readonly #requests;
  readonly #verdict;
  readonly #readBack;
  readonly #times;

  /** @param prefix of the metrics' names */
  constructor(set: MetricSet, prefix: string) {
    this.#hitRatio = set.gauge({ name: `${prefix}_hit_ratio`, help: "Share of replayed requests that hit" });
    this.#hitRatioBefore = set.gauge({
      name: `${prefix}_hit_ratio_before`,
      help: "Share of the same requests that hit before the first key was written",
    });
    this.#requests = set.gauge({ name: `${prefix}_replayed_requests`, help: "Requests that were replayed" });
    this.#verdict = set.gauge({
      name: `${prefix}_verdict`,
      help: "1 for what the last validation says of the cache",
      labels: ["verdict"],
    });
    this.#readBack = set.gauge({
      name: `${prefix}_read_back_ratio`,
      help: "Keys that were read back as they had been written, of those sampled",
    });
    this.#times = set.gauge({
      name: `${prefix}_response_time_seconds`,
      help: "Response times of hits (redis) and misses (postgresql)",
      labels: ["source", "percentile"],
    });
    this.set(null);
  }

  /** @param report null where a run ended before validation */
  set(report: ValidationReport | null): void {
    for (const one of [this.#hitRatio, this.#hitRatioBefore, this.#requests, this.#readBack]) one.remove();
    this.#verdict.reset();
    this.#times.reset();
    if (report === null) return;
    const { replay, readBack, latency } = report;
    this.#requests.set(replay.requests);
    if (replay.hitRatio !== null) this.#hitRatio.set(replay.hitRatio);
    if (replay.before?.hitRatio != null) this.#hitRatioBefore.set(replay.before.hitRatio);
    if (readBack.sampled > 0) this.#readBack.set(readBack.matching / readBack.sampled);
    for (const verdict of verdicts) this.#verdict.set({ verdict }, verdict === report.verdict ? 1 : 0);
    if (latency === null) return;
    this.#addTimes("redis", latency.hits);
    this.#addTimes("postgresql", latency.misses);
  }

  #addTimes(source: string, { p50Ms, p95Ms }: ResponseTimes): void {
    this.#times.set({ source, percentile: "50" }, p50Ms / 1000);
    this.#times.set({ source, percentile: "95" }, p95Ms / 1000);
  }
}
