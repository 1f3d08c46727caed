import type { Account } from "../account.ts";
import type { CompiledDataset } from "../compile.ts";
import { KeyBuilder } from "../keys.ts";
import type { CopyHandler } from "../postgres/copy.ts";
import type { RedisConnection } from "../redis/socket.ts";
import { command } from "../resp.ts";
import type { Sink } from "../sink.ts";
import { Tuple } from "../tuple.ts";
import type { DatasetPosition } from "./checkpoint.ts";

/** A station on a row's way to Redis. */
export interface RowStage extends CopyHandler {
  /** Passes on what it holds back, and resolves when all of it is answered. */
  drain(): Promise<void>;
  /** Ends its connections. */
  close(): void;
}

/** Rows of which a position is noted: at most once in this time, since the writing pauses for it. */
const NOTE_EVERY_MS = 1000;

/**
 * Notes every second how far the rows are: waits until all that were sent are answered, and tells the last one's value
 * of the column that they are ordered by. The wait is that of one round trip.
 */
export class NotingStage implements RowStage {
  readonly #next: RowStage;
  readonly #account: Account;
  readonly #column: number;
  readonly #note: (position: DatasetPosition) => void;
  readonly #row: Tuple;
  #noted = performance.now();
  /** The last row, whose bytes are there until the next piece of network data. */
  #bytes: Buffer | undefined;
  #start = 0;
  #end = 0;

  constructor(
    next: RowStage,
    dataset: CompiledDataset & { readonly resumeColumn: number },
    account: Account,
    note: (position: DatasetPosition) => void,
  ) {
    this.#next = next;
    this.#account = account;
    this.#column = dataset.resumeColumn;
    this.#note = note;
    this.#row = new Tuple(dataset.columns);
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#next.row(bytes, start, end);
  }

  pressure(): Promise<void> | null {
    if (this.#bytes === undefined || performance.now() - this.#noted < NOTE_EVERY_MS) return this.#next.pressure();
    this.#row.read(this.#bytes, this.#start, this.#end);
    this.#bytes = undefined;
    return this.#take(this.#row.copy(this.#column)?.toString() ?? null);
  }

  async drain(): Promise<void> {
    await this.#next.drain();
  }

  close(): void {
    this.#next.close();
  }

  async #take(after: string | null): Promise<void> {
    await this.#next.drain();
    // The last row is read again, and then counted again.
    const { rows, keys, failed, fresh } = this.#account;
    this.#note({ done: false, rows: rows - 1, keys: Math.max(0, keys - 1), failed, fresh, after });
    this.#noted = performance.now();
    await this.#next.pressure();
  }
}

/** Lets only rows pass whose keys are missing, or have too little time to live. */
export class OnlyMissingStage implements RowStage {
  readonly #next: RowStage;
  readonly #sink: Sink;
  readonly #account: Account;
  readonly #freshMs: number;
  readonly #row: Tuple;
  readonly #key: KeyBuilder;
  #held: { readonly row: Buffer; readonly key: Buffer }[] = [];
  #open: readonly RedisConnection[] = [];

  /** @param freshSeconds time to live from which a key is left alone; 0: any */
  constructor(next: RowStage, dataset: CompiledDataset, sink: Sink, account: Account, freshSeconds: number) {
    this.#next = next;
    this.#sink = sink;
    this.#account = account;
    this.#freshMs = freshSeconds * 1000;
    this.#row = new Tuple(dataset.columns);
    this.#key = new KeyBuilder(dataset.key);
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.#row.read(bytes, start, end);
    // A row without a key is the next stage's to complain of.
    if (!this.#key.build(this.#row)) this.#next.row(bytes, start, end);
    else this.#held.push({ row: Buffer.from(bytes.subarray(start, end)), key: this.#key.copy() });
  }

  pressure(): Promise<void> | null {
    return this.#held.length === 0 ? this.#next.pressure() : this.#pass();
  }

  async drain(): Promise<void> {
    await this.#pass();
    await this.#next.drain();
  }

  close(): void {
    for (const connection of this.#open) connection.close();
    this.#open = [];
    this.#next.close();
  }

  async #pass(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    const fresh = await this.#fresh(held.map(({ key }) => key));
    for (const { row, key } of held) {
      if (fresh.has(key)) {
        this.#account.rows += 1;
        this.#account.fresh += 1;
      } else {
        this.#next.row(row, 0, row.length);
        await this.#next.pressure();
      }
    }
  }

  /** Keys to leave alone. One that cannot be asked for is written: that is never wrong. */
  async #fresh(keys: readonly Buffer[]): Promise<ReadonlySet<Buffer>> {
    const fresh = new Set<Buffer>();
    try {
      if (this.#open.length === 0) this.#open = await this.#sink.connect();
      await Promise.all(this.#open.map((connection, lane) => this.#askLane(connection, lane, keys, fresh)));
    } catch {
      for (const connection of this.#open) connection.close();
      this.#open = [];
    }
    return fresh;
  }

  async #askLane(
    connection: RedisConnection,
    lane: number,
    keys: readonly Buffer[],
    fresh: Set<Buffer>,
  ): Promise<void> {
    const mine = keys.filter((key) => this.#sink.lane(key, key.length) === lane);
    if (mine.length === 0) return;
    const times = await connection.send(Buffer.concat(mine.map((key) => command("PTTL", key))), mine.length);
    // -2: missing; -1: never expires.
    mine.forEach((key, index) => {
      const time = Number(times[index]);
      if (time === -1 || (time >= 0 && time >= this.#freshMs)) fresh.add(key);
    });
  }
}
