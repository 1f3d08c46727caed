import type { DatasetReport, DatasetStatus } from "../../contract/warming.ts";
import type { DatasetProgress } from "../types.ts";
import type { MetricSet } from "./metric-set.ts";

const statuses: readonly DatasetStatus[] = ["pending", "running", "done", "failed", "skipped"];
const figures = ["keys", "failed", "rows", "bytes"] as const;
type Figures = Readonly<Record<(typeof figures)[number], number>>;

/** What became of each dataset: counted over all runs of this process, and the state of the last one. */
export class DatasetMetrics {
  readonly #counters;
  readonly #status;
  readonly #duration;
  readonly #expected;
  /** What the runs before this one have counted. */
  readonly #before = new Map<string, Figures>();
  /** What is shown: a counter never goes back, also where a dataset is begun again. */
  readonly #shown = new Map<string, Figures>();

  constructor(set: MetricSet) {
    const labels = ["dataset"] as const;
    this.#counters = {
      keys: set.counter({ name: "hearth_warm_keys_total", help: "Keys that Redis acknowledged", labels }),
      failed: set.counter({ name: "hearth_warm_keys_failed_total", help: "Keys that could not be written", labels }),
      rows: set.counter({ name: "hearth_warm_rows_total", help: "Rows read from PostgreSQL", labels }),
      bytes: set.counter({ name: "hearth_warm_sent_bytes_total", help: "Bytes sent to Redis", labels }),
    };
    this.#status = set.gauge({
      name: "hearth_warm_dataset_status",
      help: "1 for the status that a dataset has in the last run",
      labels: ["dataset", "status"],
    });
    const duration = { name: "hearth_warm_dataset_duration_seconds", help: "Time of a dataset in the last run" };
    this.#duration = set.gauge({ ...duration, labels });
    const expected = { name: "hearth_warm_dataset_expected_rows", help: "Rows to expect, as PostgreSQL estimates" };
    this.#expected = set.gauge({ ...expected, labels });
  }

  /** A run begins: what it counts is added to what there is. */
  begin(): void {
    for (const [dataset, shown] of this.#shown) this.#before.set(dataset, shown);
  }

  add(datasets: readonly (DatasetProgress | DatasetReport)[]): void {
    for (const dataset of datasets) this.#count(dataset);
    for (const figure of figures) {
      this.#counters[figure].reset();
      for (const [dataset, shown] of this.#shown) this.#counters[figure].inc({ dataset }, shown[figure]);
    }
    for (const { name, status, ...more } of datasets) {
      for (const one of statuses) this.#status.set({ dataset: name, status: one }, one === status ? 1 : 0);
      if ("durationMs" in more) this.#duration.set({ dataset: name }, more.durationMs / 1000);
      if ("total" in more && more.total !== undefined) this.#expected.set({ dataset: name }, more.total);
    }
  }

  #count(dataset: DatasetProgress | DatasetReport): void {
    const [before, shown] = [this.#before.get(dataset.name), this.#shown.get(dataset.name)];
    const figure = (name: (typeof figures)[number]) =>
      Math.max(shown?.[name] ?? 0, (before?.[name] ?? 0) + dataset[name]);
    this.#shown.set(dataset.name, {
      ...{ keys: figure("keys"), failed: figure("failed"), rows: figure("rows"), bytes: figure("bytes") },
    });
  }
}
