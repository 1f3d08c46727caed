import { type CompiledDataset, compileDataset } from "./compile.ts";
import { makeEncoder } from "./encode/encoder.ts";
import { ABSOLUTE } from "./encode/expiry.ts";
import type { Encoder } from "./encode/value.ts";
import { explain } from "./explain/explain.ts";
import { bytes, count, duration, keyCount, table } from "./figures.ts";
import { type InspectOptions, inspectDatasets } from "./inspect.ts";
import { KeyBuilder } from "./keys.ts";
import { memoryOfCommands } from "./pacing/memory-model.ts";
import type { CopyHandler } from "./postgres/copy.ts";
import type { PostgresSession } from "./postgres/session.ts";
import type { ServerStats } from "./stats.ts";
import { Tuple } from "./tuple.ts";

/** Rows that stand for a dataset; of one with fewer, the keys are counted and not estimated. */
const SAMPLE_ROWS = 2000;
/** What one Redis takes on an ordinary machine: see the README's figures. It seldom is what a warming waits for. */
const KEYS_PER_SECOND = 150_000;
const BYTES_PER_SECOND = 60_000_000;

/** What warming a dataset would take. All but `name` and `priority` is an estimate. */
export interface DatasetEstimate {
  readonly name: string;
  readonly priority: string;
  /** Keys: PostgreSQL's estimate, limit included; counted where there are few. */
  readonly keys: number;
  /** Whether `keys` was counted. */
  readonly counted: boolean;
  /** Bytes to send to Redis. */
  readonly bytes: number;
  /** Bytes of Redis's memory, without replicas. */
  readonly memory: number;
  readonly milliseconds: number;
}

/** What warming a plan would take. */
export interface PlanEstimate {
  readonly plan: string;
  readonly datasets: readonly DatasetEstimate[];
  readonly keys: number;
  readonly bytes: number;
  readonly memory: number;
  /** Of all datasets one after the other; the warmer reads two at once. */
  readonly milliseconds: number;
}

/**
 * Estimates keys, bytes and time of a plan from EXPLAIN and from the first rows of each dataset, encoded as they would be
 * written. Nothing is written, and Redis is not asked.
 *
 * @throws naming the dataset whose query fails.
 */
export async function estimatePlan(options: InspectOptions): Promise<PlanEstimate> {
  const signal = options.signal ?? new AbortController().signal;
  const datasets = await inspectDatasets(options, async (session, dataset, plan) => {
    const columns = await session.describe(dataset.query, plan.parameters);
    const compiled = compileDataset(dataset, columns, plan.parameters);
    return await estimateDataset(session, compiled, signal);
  });
  const sum = (each: (dataset: DatasetEstimate) => number) => datasets.reduce((total, one) => total + each(one), 0);
  return {
    plan: options.plan.name,
    datasets,
    keys: sum(({ keys }) => keys),
    bytes: sum((dataset) => dataset.bytes),
    memory: sum(({ memory }) => memory),
    milliseconds: sum(({ milliseconds }) => milliseconds),
  };
}

async function estimateDataset(
  session: PostgresSession,
  dataset: CompiledDataset,
  signal: AbortSignal,
): Promise<DatasetEstimate> {
  const { name, priority } = dataset.plan;
  const few = `SELECT * FROM (${dataset.select}) AS sample LIMIT ${SAMPLE_ROWS}`;
  const [whole, part] = [await explain(session, dataset.select), await explain(session, few)];
  const sample = new Sample(dataset);
  const began = performance.now();
  await session.copy(`COPY (${few}) TO STDOUT (FORMAT binary)`, sample, signal);
  const elapsed = performance.now() - began;
  const counted = sample.rows < SAMPLE_ROWS;
  const rows = counted ? sample.rows : Math.max(whole["Plan Rows"], sample.rows);
  const perRow = (figure: number) => Math.round((figure / Math.max(1, sample.rows)) * rows);
  const keys = perRow(sample.keys);
  // What the sample took, by its cost, says what a unit of cost takes here.
  const reading = counted ? elapsed : elapsed * Math.max(1, whole["Total Cost"] / Math.max(1, part["Total Cost"]));
  const sent = perRow(sample.bytes);
  // Reading and writing go on at the same time.
  const writing = 1000 * Math.max(keys / KEYS_PER_SECOND, sent / BYTES_PER_SECOND);
  const milliseconds = Math.round(10 * Math.max(reading, writing)) / 10;
  return { name, priority, keys, counted, bytes: sent, memory: perRow(sample.memory), milliseconds };
}

/** Encodes rows as a run would, and only measures. */
class Sample implements CopyHandler {
  rows = 0;
  keys = 0;
  bytes = 0;
  memory = 0;
  readonly #row: Tuple;
  readonly #key: KeyBuilder;
  readonly #encoder: Encoder;

  constructor(dataset: CompiledDataset) {
    this.#row = new Tuple(dataset.columns);
    this.#key = new KeyBuilder(dataset.key);
    // As it is with Redis 7 and its own settings.
    this.#encoder = makeEncoder(dataset.value, { restore: { entries: 128, value: 64 }, mayExist: true }, ABSOLUTE);
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.#row.read(bytes, start, end);
    this.rows += 1;
    if (!this.#key.build(this.#row) || this.#encoder.refuses(this.#row) !== null) return;
    const out = Buffer.allocUnsafe(this.#encoder.exactBound(this.#row, this.#key));
    // Any time of this length will do.
    const length = this.#encoder.encode(out, 0, this.#row, this.#key, Date.now());
    this.keys += 1;
    this.bytes += length;
    this.memory += memoryOfCommands(out, 0, length);
  }

  pressure(): null {
    return null;
  }
}

/** How the estimate fits into the memory that the primaries have left. */
export interface MemoryFit {
  /** Bytes, over all primaries. */
  readonly used: number;
  /** Bytes, over all primaries; 0 where one of them has no limit. */
  readonly limit: number;
  /** False where the plan needs more than is left; keys that are there already are not counted off. */
  readonly fits: boolean;
}

/** Compares an estimate with what the servers say of themselves. */
export function memoryFit(estimate: PlanEstimate, servers: readonly ServerStats[]): MemoryFit {
  const primaries = servers.filter(({ role }) => role === "primary");
  const used = primaries.reduce((sum, { usedMemory = 0 }) => sum + usedMemory, 0);
  const unlimited = primaries.some(({ maxMemory = 0 }) => maxMemory === 0);
  const limit = unlimited ? 0 : primaries.reduce((sum, { maxMemory = 0 }) => sum + maxMemory, 0);
  return { used, limit, fits: limit === 0 || used + estimate.memory <= limit };
}

/** For people. */
export function formatEstimate(estimate: PlanEstimate, fit?: MemoryFit): string {
  const rows = estimate.datasets.map((dataset) => [
    dataset.name,
    dataset.priority,
    `${dataset.counted ? "" : "~"}${count(dataset.keys)}`,
    bytes(dataset.bytes),
    bytes(dataset.memory),
    duration(dataset.milliseconds),
  ]);
  const { keys, memory, milliseconds } = estimate;
  const lines = [
    table(["dataset", "priority", "keys", "to send", "in Redis", "time"], rows, "keys time"),
    `about ${keyCount(keys)}, ${bytes(estimate.bytes)} to send, ${bytes(memory)} of Redis's memory, ${duration(milliseconds)}`,
  ];
  if (fit !== undefined) {
    const limit = fit.limit === 0 ? "no limit" : `a limit of ${bytes(fit.limit)}`;
    const advice = fit.fits ? "" : ": this does not fit; raise maxmemory, or lower the limits of the datasets";
    lines.push(`Redis uses ${bytes(fit.used)} and has ${limit}${advice}`);
  }
  return lines.join("\n");
}
