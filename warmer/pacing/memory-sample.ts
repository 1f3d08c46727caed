import type { CompiledDataset } from "../compile.ts";
import { makeEncoder } from "../encode/encoder.ts";
import { ABSOLUTE } from "../encode/expiry.ts";
import type { HashStyle } from "../encode/hash.ts";
import type { Encoder } from "../encode/value.ts";
import { KeyBuilder } from "../keys.ts";
import type { CopyHandler } from "../postgres/copy.ts";
import type { PostgresSession } from "../postgres/session.ts";
import type { RedisConnection } from "../redis/socket.ts";
import { command } from "../resp.ts";
import { Tuple } from "../tuple.ts";
import { memoryOfCommands } from "./memory-model.ts";

/** Rows that stand for a dataset. */
const SAMPLE_ROWS = 200;

/** What a dataset's first rows tell of its keys. */
export interface MemorySample {
  readonly keys: readonly Buffer[];
  /** Bytes that Redis needs for a key, on average. */
  readonly bytesPerKey: number;
}

/** Encodes rows as the run will, and only measures. */
class SampleHandler implements CopyHandler {
  readonly keys: Buffer[] = [];
  bytes = 0;
  readonly #row: Tuple;
  readonly #key: KeyBuilder;
  readonly #encoder: Encoder;

  constructor(dataset: CompiledDataset, style: HashStyle) {
    this.#row = new Tuple(dataset.columns);
    this.#key = new KeyBuilder(dataset.key);
    this.#encoder = makeEncoder(dataset.value, style, ABSOLUTE);
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.#row.read(bytes, start, end);
    if (!this.#key.build(this.#row) || this.#encoder.refuses(this.#row) !== null) return;
    const out = Buffer.allocUnsafe(this.#encoder.exactBound(this.#row, this.#key));
    // Any expiry will do: it is its place in a table that counts.
    const written = this.#encoder.encode(out, 0, this.#row, this.#key, Date.now());
    this.bytes += memoryOfCommands(out, 0, written);
    this.keys.push(this.#key.copy());
  }

  pressure(): null {
    return null;
  }
}

/** Reads the first rows of a dataset; undefined when none of them makes a key. */
export async function sampleMemory(
  session: PostgresSession,
  dataset: CompiledDataset,
  style: HashStyle,
  signal: AbortSignal,
): Promise<MemorySample | undefined> {
  const handler = new SampleHandler(dataset, style);
  const copy = `COPY (SELECT * FROM (${dataset.select}) AS sample LIMIT ${SAMPLE_ROWS}) TO STDOUT (FORMAT binary)`;
  await session.copy(copy, handler, signal);
  const { keys, bytes } = handler;
  return keys.length === 0 ? undefined : { keys, bytesPerKey: bytes / keys.length };
}

/**
 * The share of keys, 0-1, that a primary has already: they are replaced, and need no room.
 * @param open connections by lane
 * @param laneOf the lane of a key
 */
export async function shareThere(
  keys: readonly Buffer[],
  open: readonly RedisConnection[],
  laneOf: (key: Buffer) => number,
): Promise<number> {
  let there = 0;
  for (const [lane, connection] of open.entries()) {
    const mine = keys.filter((key) => laneOf(key) === lane);
    if (mine.length === 0) continue;
    const asked = Buffer.concat(mine.map((key) => command("EXISTS", key)));
    // Who may not ask, or asks the wrong server, takes them for new.
    const replies = await connection.send(asked, mine.length).catch(() => []);
    there += replies.filter((reply) => reply === 1).length;
  }
  return there / Math.max(1, keys.length);
}
