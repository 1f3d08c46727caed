import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What a metric of several labels is made with. */
interface Description<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** Text of metrics, and the media type that says how it is written. */
export interface MetricsText {
  readonly type: string;
  readonly text: string;
}

/** Metrics that can be written in both forms: Prometheus's own, which node_exporter reads from files, and OpenMetrics. */
export class MetricSet {
  readonly #prometheus = new Registry();
  readonly #openMetrics = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();

  /** @param labels what every metric is labelled with */
  constructor(labels: Readonly<Record<string, string>> = {}) {
    this.#openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    for (const registry of this.#registries) registry.setDefaultLabels({ ...labels });
  }

  gauge<L extends string = never>({ name, help, labels = [] }: Description<L>): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labels], registers: this.#registries });
  }

  counter<L extends string = never>({ name, help, labels = [] }: Description<L>): Counter<L> {
    return new Counter({ name, help, labelNames: [...labels], registers: this.#registries });
  }

  histogram<L extends string = never>({
    name,
    help,
    labels = [],
    buckets,
  }: Description<L> & { readonly buckets: readonly number[] }): Histogram<L> {
    return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: this.#registries });
  }

  /** @param accept the header by which a scraper says what it reads; Prometheus's own form without it */
  async text(accept = ""): Promise<MetricsText> {
    const registry = accept.includes("application/openmetrics-text") ? this.#openMetrics : this.#prometheus;
    return { type: registry.contentType, text: await registry.metrics() };
  }

  get #registries(): Registry[] {
    // The types know registries of one form alone.
    return [this.#prometheus, this.#openMetrics as unknown as Registry];
  }
}
