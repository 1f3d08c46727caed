import { createHash } from "node:crypto";
import * as z from "zod";
import type { DatasetPlan, WarmPlan } from "../plan.ts";
import { shortestTtl } from "../ttl.ts";
import type { PgConfig, Shard } from "../types.ts";

const SAVE_EVERY_MS = 1000;
/** Seconds that a note is good for, at most. */
const LONGEST_SECONDS = 3600;
/** The same where the times to live are only known row by row. */
const CAUTIOUS_SECONDS = 300;

const positionSchema = z.object({
  /** Whether all of it is written. */
  done: z.boolean(),
  rows: z.number(),
  keys: z.number(),
  failed: z.number(),
  /** Keys that were left alone, because they were there. */
  fresh: z.number().default(0),
  /** The last value of the dataset's `resumeBy` column, as text; null for NULL. */
  after: z.string().nullable().optional(),
});

/** How far a dataset is, all of it acknowledged by Redis. */
export type DatasetPosition = z.infer<typeof positionSchema>;

const noteSchema = z.object({
  /** What was to be written, from where. */
  fingerprint: z.string(),
  sequence: z.number(),
  /** See `identities` of Primaries: who has acknowledged it. */
  servers: z.array(z.string()).optional(),
  datasets: z.record(z.string(), positionSchema),
});
type Note = z.infer<typeof noteSchema>;

/** Where a run's note is kept: a few hundred bytes on every primary, for as long as it is good. */
export interface CheckpointStore {
  /** The note of each primary; undefined for one that has none. */
  load(): Promise<readonly (string | undefined)[]>;
  /** Writes the note on every primary. */
  save(note: string, expirySeconds: number): Promise<void>;
  clear(): Promise<void>;
}

/** What must be the same for a run to go on where another stopped. Holds no secret, and is hashed. */
function fingerprintOf(plan: WarmPlan, source: string | PgConfig, shard: Shard | undefined): string {
  const server = typeof source === "string" ? placeOf(source) : [source.host, source.port, source.database];
  return createHash("sha256")
    .update(JSON.stringify([plan, shard ?? null, server]))
    .digest("hex");
}

function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return host + pathname;
  } catch {
    return ""; // connecting tells what is wrong with it
  }
}

/** Half the life of the shortest-lived key: one that has expired must not count as written. */
function expiryOf(dataset: DatasetPlan): number {
  if (dataset.ttl === undefined) return LONGEST_SECONDS;
  if (typeof dataset.ttl !== "number") return CAUTIOUS_SECONDS;
  return Math.max(1, Math.floor(shortestTtl(dataset.ttl, dataset.jitter) / 2));
}

/** The newest state that every primary has seen; undefined where one of them has lost it, or it is of another run. */
function readNotes(texts: readonly (string | undefined)[], fingerprint: string): Note | undefined {
  const notes = texts.map((text) => {
    try {
      return noteSchema.safeParse(JSON.parse(text ?? "")).data;
    } catch {
      return undefined;
    }
  });
  if (notes.some((note) => note?.fingerprint !== fingerprint)) return undefined;
  return (notes as Note[]).toSorted((a, b) => a.sequence - b.sequence)[0];
}

/**
 * How far a run is, noted in Redis itself once a second: whatever loses the keys loses the note as well. A note that
 * one primary of a cluster has not is worth nothing, since its keys are gone too.
 */
export class RunCheckpoint {
  readonly #store: CheckpointStore;
  readonly #fingerprint: string;
  readonly #expirySeconds: number;
  #datasets: Record<string, DatasetPosition>;
  #servers: readonly string[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #savedAt = performance.now();
  #sequence: number;
  #changed = false;
  #saving: Promise<void> = Promise.resolve();
  #trouble: string | undefined;

  private constructor(store: CheckpointStore, fingerprint: string, plan: WarmPlan, found: Note | undefined) {
    this.#store = store;
    this.#fingerprint = fingerprint;
    this.#expirySeconds = Math.min(LONGEST_SECONDS, ...plan.datasets.map(expiryOf));
    this.#datasets = { ...found?.datasets };
    this.#servers = found?.servers;
    this.#sequence = found?.sequence ?? 0;
  }

  /** Looks for what an earlier run has left. @throws what the store does */
  static async open(
    store: CheckpointStore,
    plan: WarmPlan,
    source: string | PgConfig,
    shard: Shard | undefined,
  ): Promise<RunCheckpoint> {
    const fingerprint = fingerprintOf(plan, source, shard);
    return new RunCheckpoint(store, fingerprint, plan, readNotes(await store.load(), fingerprint));
  }

  /** How far a dataset is, by the earlier run and this one. */
  positionOf(dataset: string): DatasetPosition | undefined {
    return this.#datasets[dataset];
  }

  /** Notes how far a dataset is; written to Redis at once, and at most once a second. */
  note(dataset: string, position: DatasetPosition): void {
    this.#datasets[dataset] = position;
    this.#changed = true;
    const wait = this.#savedAt + SAVE_EVERY_MS - performance.now();
    if (wait <= 0) this.#save();
    else this.#timer ??= setTimeout(() => this.#save(), wait).unref();
  }

  /**
   * Whether the servers are those that have acknowledged what the note tells; without a note they are taken for them.
   * A note may outlive its keys: it is written to the new primary while rows still go to the old one.
   */
  isOf(servers: readonly string[] | undefined): boolean {
    if (Object.keys(this.#datasets).length === 0) this.#servers = servers;
    return this.#servers?.join() === servers?.join();
  }

  /** Forgets how far the datasets are: from now on these are the servers. */
  forget(servers: readonly string[] | undefined): void {
    this.#datasets = {};
    this.#servers = servers;
    this.#changed = true;
    this.#save();
  }

  /** Why the last note could not be written. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** At the end of the run: the note goes where all is written, and stays for the next run where it is not. */
  async finish(complete: boolean): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    if (complete)
      await this.#store.clear().catch(() => {}); // it expires by itself
    else {
      this.#save();
      await this.#saving;
    }
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#changed) return;
    this.#savedAt = performance.now();
    this.#changed = false;
    this.#sequence += 1;
    const note: Note = {
      fingerprint: this.#fingerprint,
      sequence: this.#sequence,
      ...(this.#servers !== undefined && { servers: [...this.#servers] }),
      datasets: this.#datasets,
    };
    const text = JSON.stringify(note);
    this.#saving = this.#saving
      .then(() => this.#store.save(text, this.#expirySeconds))
      .catch((error: unknown) => {
        this.#trouble = error instanceof Error ? error.message : String(error);
      });
  }
}
