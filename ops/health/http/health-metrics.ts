import { MetricSet, type MetricsText } from "../../../warmer/open-metrics/metric-set.ts";
import { checkNames, severities } from "../finding.ts";
import type { HealthReport } from "../report.ts";

/** Buckets of the application whose metrics these are named after, and smaller ones: Redis answers sooner. */
const buckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

const states = ["healthy", "degraded", "unhealthy"] as const;

/** What `/metrics` answers: the last report, and counts of those before. */
export class HealthMetrics {
  readonly #set = new MetricSet();
  readonly #status = this.#set.gauge({
    ...{ name: "hearth_health_status", help: "1 for the state that the cache is in", labels: ["status"] },
  });
  readonly #findings = this.#set.gauge({
    name: "hearth_health_findings",
    help: "Findings of the last check",
    labels: ["check", "severity"],
  });
  readonly #at = this.#set.gauge({ name: "hearth_health_check_timestamp_seconds", help: "When the last check was" });
  readonly #took = this.#set.gauge({ name: "hearth_health_check_duration_seconds", help: "Time of the last check" });
  readonly #checks = this.#set.counter({ name: "hearth_health_checks_total", help: "Checks", labels: ["status"] });
  readonly #up = this.#set.gauge({
    ...{ name: "hearth_server_up", help: "Whether a server answers", labels: ["server", "role"] },
  });
  readonly #hitRatio = this.#set.gauge({
    name: "hearth_cache_hit_ratio",
    help: "Share of reads that hit over the last five minutes; absent where there were too few",
  });
  readonly #certificate = this.#set.gauge({
    name: "hearth_certificate_expiry_timestamp_seconds",
    help: "When the first of the certificates ends; absent without TLS",
  });
  readonly #hits = this.#set.counter({ name: "cache_hits_total", help: "Reads that hit", labels: ["server"] });
  readonly #misses = this.#set.counter({ name: "cache_misses_total", help: "Reads that missed", labels: ["server"] });
  readonly #entries = this.#set.gauge({
    ...{ name: "cache_size_entries", help: "Keys of a primary", labels: ["server"] },
  });
  readonly #durations = this.#set.histogram({
    name: "cache_operation_duration_seconds",
    help: "What the checks' own commands took, on each primary",
    labels: ["operation", "server"],
    buckets,
  });

  /** Takes in a report. */
  add(report: HealthReport): void {
    for (const status of states) this.#status.set({ status }, status === report.status ? 1 : 0);
    this.#checks.inc({ status: report.status });
    for (const check of checkNames) {
      for (const severity of severities) {
        const found = report.findings.filter((finding) => finding.check === check && finding.severity === severity);
        this.#findings.set({ check, severity }, found.length);
      }
    }
    this.#at.set(Date.parse(report.checkedAt) / 1000);
    this.#took.set(report.durationMs / 1000);
    this.#addServers(report);
    setOrRemove(this.#hitRatio, report.hitRatio.over === "window" ? report.hitRatio.ratio : null);
    setOrRemove(this.#certificate, secondsOf(report.certificateEndsAt));
  }

  /** @param accept the scraper's header */
  async text(accept?: string): Promise<MetricsText> {
    return await this.#set.text(accept);
  }

  #addServers({ servers, operations }: HealthReport): void {
    // Roles move, and a server that is gone has no figures.
    for (const metric of [this.#up, this.#entries, this.#hits, this.#misses]) metric.reset();
    for (const { address: server, role, connected, keys, hits, misses } of servers) {
      this.#up.set({ server, role }, connected ? 1 : 0);
      if (role === "primary" && keys !== undefined) this.#entries.set({ server }, keys);
      if (hits !== undefined) this.#hits.inc({ server }, hits);
      if (misses !== undefined) this.#misses.inc({ server }, misses);
    }
    for (const { server, operation, milliseconds } of operations) {
      this.#durations.observe({ server, operation }, milliseconds / 1000);
    }
  }
}

function setOrRemove(gauge: { set(value: number): void; remove(): void }, value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}

function secondsOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time) / 1000;
}
