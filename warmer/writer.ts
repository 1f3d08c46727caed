import type { Account } from "./account.ts";
import type { Chunk } from "./chunk.ts";
import { CHUNK_SLACK } from "./chunk.ts";
import type { CompiledDataset } from "./compile.ts";
import { DuplicateCounter } from "./duplicates.ts";
import type { Encoder } from "./encode/value.ts";
import { KeyBuilder } from "./keys.ts";
import type { RowStage } from "./resume/stages.ts";
import type { Sampler } from "./sample.ts";
import type { Sink } from "./sink.ts";
import { jitteredTtl, longestTtl, MAX_TTL_SECONDS, shortestTtl } from "./ttl.ts";
import { Tuple } from "./tuple.ts";

const NO_KEY = Buffer.alloc(0);
/** An open chunk that is older is sent before the next row: the lives of its keys are counted from its beginning. */
const OLDEST_MS = 250;

/** Turns the rows of one dataset into commands, in one open chunk for each primary. */
export class DatasetWriter implements RowStage {
  readonly duplicates = new DuplicateCounter();
  readonly #dataset: CompiledDataset;
  readonly encoder: Encoder;
  readonly #sink: Sink;
  readonly #account: Account;
  readonly #sampler: Sampler;
  readonly #row: Tuple;
  readonly #key: KeyBuilder;
  /** By lane + 1: lane -1 stands for a slot that no primary has. */
  readonly #open: (Chunk | undefined)[] = [];
  /** Whether time may have passed since the last row. */
  #paused = false;

  constructor(dataset: CompiledDataset, encoder: Encoder, sink: Sink, account: Account, sampler: Sampler) {
    this.#dataset = dataset;
    this.encoder = encoder;
    this.#sink = sink;
    this.#account = account;
    this.#sampler = sampler;
    this.#row = new Tuple(dataset.columns, encoder.machine);
    this.#key = new KeyBuilder(dataset.key, encoder.machine);
  }

  get input(): Buffer | undefined {
    return this.encoder.machine?.input;
  }

  row(bytes: Buffer, start: number, end: number): void {
    if (this.#paused) this.#sendOld();
    const row = this.#row;
    const key = this.#key;
    row.read(bytes, start, end);
    this.#account.rows += 1;
    if (!key.build(row)) {
      this.#account.fail(NO_KEY, "NULL_KEY", "a column of the key is NULL");
      return;
    }
    const seconds = this.#ttl();
    if (seconds < 0) return;
    const refusal = this.encoder.refuses(row);
    if (refusal !== null) {
      this.#account.fail(key.copy(), refusal, "the value is NULL");
      return;
    }
    key.hash();
    this.duplicates.add(key.high, key.low);
    this.#write(seconds, end - start);
  }

  pressure(): Promise<void> | null {
    this.#paused = true;
    return this.#sink.pressure();
  }

  /** Sends what is left in the open chunks. */
  flush(): void {
    for (let index = 0; index < this.#open.length; index++) this.#send(index);
  }

  /** Sends what is left, and resolves when every row is answered. */
  async drain(): Promise<void> {
    this.flush();
    await this.#sink.settle(this.#account);
  }

  close(): void {}

  /** Seconds, 0 for no expiry, -1 where the row is not to be written. */
  #ttl(): number {
    const { ttl } = this.#dataset;
    if (ttl === null) return 0;
    if ("seconds" in ttl) return ttl.seconds;
    const seconds = this.#row.integer(ttl.column);
    if (seconds === undefined) {
      this.#account.fail(this.#key.copy(), "NULL_TTL", "the TTL is NULL");
      return -1;
    }
    if (seconds <= 0) {
      this.#account.skipped += 1;
      return -1;
    }
    return Math.min(seconds, MAX_TTL_SECONDS);
  }

  #write(seconds: number, size: number): void {
    const row = this.#row;
    const key = this.#key;
    const index = this.#sink.lane(key.bytes, key.length) + 1;
    let room = this.encoder.bound(row, key);
    if (room > CHUNK_SLACK) room = this.encoder.exactBound(row, key);
    if (room > CHUNK_SLACK) this.#send(index);
    const chunk = this.#open[index] ?? this.#begin(index, room);
    const { jitter } = this.#dataset;
    const expires = seconds === 0 ? 0 : chunk.now + 1000 * jitteredTtl(seconds, jitter, Math.random());
    const end = this.encoder.encode(chunk.bytes, chunk.used, row, key, expires);
    const place = this.#sampler.place(key.high, key.low, size);
    chunk.add(
      end,
      this.encoder.commands,
      chunk.now === 0 ? 0 : expires,
      place < 0 ? undefined : this.#sample(place, seconds, size),
    );
    if (chunk.full || room > CHUNK_SLACK) this.#send(index);
  }

  #sample(place: number, seconds: number, size: number) {
    const { name, jitter } = this.#dataset;
    const ttlSeconds = seconds === 0 ? null : ([shortestTtl(seconds, jitter), longestTtl(seconds, jitter)] as const);
    const livesFrom = this.#sink.expiry.absolute ? Date.now() : undefined;
    const row = this.#row.keep();
    const value = () => this.encoder.capture(row);
    const sample = { dataset: name, key: this.#key.copy(), value, ttlSeconds, livesFrom };
    this.#sampler.put(place, this.#key.high, this.#key.low, size, sample);
    return sample;
  }

  #begin(index: number, room: number): Chunk {
    const chunk = this.#sink.pool.take(this.#account, room);
    if (this.#sink.expiry.absolute) chunk.now = this.#sink.now(index - 1);
    this.#open[index] = chunk;
    return chunk;
  }

  /** Where rows come slowly, or were held up. */
  #sendOld(): void {
    this.#paused = false;
    const now = Date.now();
    for (let index = 0; index < this.#open.length; index++) {
      if (now - (this.#open[index]?.begun ?? now) > OLDEST_MS) this.#send(index);
    }
  }

  #send(index: number): void {
    const chunk = this.#open[index];
    if (chunk === undefined) return;
    this.#open[index] = undefined;
    this.#sink.send(index - 1, chunk);
  }
}
