import { putBulkHeader, putBytes, putInteger, putIntegerBulk, putLineEnd, putRange } from "../resp.ts";
import type { Tuple } from "../tuple.ts";
import type { WrittenValue } from "../types.ts";
import { type Expiry, RELATIVE } from "./expiry.ts";
import type { Encoder, Key } from "./value.ts";
import { COMMAND_OVERHEAD } from "./value.ts";

const DELETE = Buffer.from("*2\r\n$3\r\nDEL\r\n");
const EXISTS = Buffer.from("*2\r\n$6\r\nEXISTS\r\n");
const PERSIST = Buffer.from("*2\r\n$7\r\nPERSIST\r\n");
const RENAME = Buffer.from("*3\r\n$6\r\nRENAME\r\n");
const SADD = Buffer.from("$4\r\nSADD\r\n");
const ZADD = Buffer.from("$4\r\nZADD\r\n");
const STAR = 42;

/** Of an array in PostgreSQL's binary format: dimensions, flags, type, and the length and lower bound of the one dimension. */
const ARRAY_HEADER = 20;
const ARRAY_COUNT = 12;
/** `$`, up to ten digits and two line ends around an argument, of which PostgreSQL's own length is 4 bytes. */
const ARGUMENT_OVERHEAD = 12;
/** What a staging key has besides the key and its hash tag. */
const STAGED_OVERHEAD = 16;

/** Members of one command: more would keep Redis from its other clients. */
const BATCH = 1000;
/** Commands of a row are counted in one byte. */
const MOST_BATCHES = 200;

function batchSize(count: number): number {
  return Math.max(BATCH, Math.ceil(count / MOST_BATCHES));
}

/** Elements of an array column; none where it is NULL. */
function countOf(row: Tuple, column: number): number {
  const length = row.lengths[column] as number;
  return length < ARRAY_HEADER ? 0 : row.bytes.readInt32BE((row.starts[column] as number) + ARRAY_COUNT);
}

/** The elements of an array column, each as bytes. */
function* elementsOf(row: Tuple, column: number): Generator<Buffer> {
  let at = (row.starts[column] as number) + ARRAY_HEADER;
  for (let left = countOf(row, column); left > 0; left--) {
    const start = at + 4;
    at = start + row.bytes.readInt32BE(at);
    yield row.bytes.subarray(start, at);
  }
}

/** Life of a part that a run has left which died. */
const STAGED_MS = 600_000;

/**
 * Where a value is put together that takes several commands: a key of Hearth's own in the same slot. Undefined for keys
 * with a brace that closes nothing, which no hash tag can stand for.
 */
function stagingKey(key: Key): Key | undefined {
  const text = key.bytes.toString("latin1", 0, key.length);
  const open = text.indexOf("{");
  const close = open < 0 ? -1 : text.indexOf("}", open + 1);
  const tag = close > open + 1 ? text.slice(open + 1, close) : text;
  if (tag === "" || tag.includes("}")) return undefined;
  const bytes = Buffer.from(`hearth:part:{${tag}}${tag === text ? "" : `:${text}`}`, "latin1");
  return { bytes, length: bytes.length };
}

/**
 * A set (`SADD`) or, with scores, a sorted set (`ZADD`): members and scores come as arrays. `DEL` first, so that no
 * member of an older value stays: who reads in between finds nothing, and never a part. A value of more members than one
 * command takes is put together under another key, and takes the place of the old one by `RENAME`.
 */
export class MembersEncoder implements Encoder {
  commands = 1;
  readonly #members: number;
  readonly #scores: number | undefined;
  readonly #expire: Buffer;

  /** @param members, scores columns of the tuple; both arrays have the same length, and no NULL */
  constructor(expiry: Expiry, members: number, scores?: number) {
    this.#expire = expiry.command;
    this.#members = members;
    this.#scores = scores;
  }

  refuses(row: Tuple): string | null {
    return countOf(row, this.#members) === 0 ? "NULL_VALUE" : null;
  }

  bound(row: Tuple, key: Key): number {
    const count = countOf(row, this.#members);
    const batches = Math.ceil(count / batchSize(count));
    const staged = batches > 1;
    const commands = batches + (staged ? 6 : 3);
    const scores = this.#scores === undefined ? 0 : (row.lengths[this.#scores] as number) + count * ARGUMENT_OVERHEAD;
    const members = (row.lengths[this.#members] as number) + count * ARGUMENT_OVERHEAD;
    return (
      members +
      scores +
      commands * (staged ? 2 * key.length + STAGED_OVERHEAD : key.length) +
      commands * COMMAND_OVERHEAD
    );
  }

  exactBound(row: Tuple, key: Key): number {
    return this.bound(row, key);
  }

  encode(out: Buffer, start: number, row: Tuple, key: Key, expires: number): number {
    const count = countOf(row, this.#members);
    const size = batchSize(count);
    const { bytes } = row;
    const staged = count > size ? stagingKey(key) : undefined;
    const target = staged ?? key;
    // The first command names the key itself: it is what errors are attributed to.
    let at = staged === undefined ? start : putKey(out, putBytes(out, start, EXISTS), key);
    at = putKey(out, putBytes(out, at, DELETE), target);
    this.commands = staged === undefined ? 1 : 2;
    let member = (row.starts[this.#members] as number) + ARRAY_HEADER;
    let score = this.#scores === undefined ? -1 : (row.starts[this.#scores] as number) + ARRAY_HEADER;
    for (let done = 0; done < count; done += size) {
      const members = Math.min(size, count - done);
      out[at] = STAR;
      at = putLineEnd(out, putInteger(out, at + 1, 2 + (score < 0 ? members : 2 * members)));
      at = putKey(out, putBytes(out, at, score < 0 ? SADD : ZADD), target);
      for (let index = 0; index < members; index++) {
        if (score >= 0) {
          const length = bytes.readInt32BE(score);
          at = putArgument(out, at, bytes, score + 4, length);
          score += 4 + length;
        }
        const length = bytes.readInt32BE(member);
        at = putArgument(out, at, bytes, member + 4, length);
        member += 4 + length;
      }
      this.commands += 1;
      if (staged !== undefined && done === 0) {
        const expire = expires > 0 ? this.#expire : RELATIVE.command;
        at = putKey(out, putBytes(out, at, expire), staged);
        at = putIntegerBulk(out, at, expires > 0 ? expires : STAGED_MS);
        this.commands += 1;
      }
    }
    if (staged !== undefined) {
      if (expires === 0) at = putKey(out, putBytes(out, at, PERSIST), staged);
      this.commands += expires === 0 ? 2 : 1;
      return putKey(out, putKey(out, putBytes(out, at, RENAME), staged), key);
    }
    if (expires > 0) {
      this.commands += 1;
      return putIntegerBulk(out, putKey(out, putBytes(out, at, this.#expire), key), expires);
    }
    if (this.commands === 2) return at;
    // A last batch of nothing but repeated members answers 0, which would be taken for a key that has vanished.
    this.commands += 1;
    return putKey(out, putBytes(out, at, EXISTS), key);
  }

  warnings(): string[] {
    return [];
  }

  capture(row: Tuple): WrittenValue {
    const members = [...elementsOf(row, this.#members)].map((bytes) => bytes.toString("latin1"));
    if (this.#scores === undefined) return { type: "set", members: new Set(members) };
    const scores = [...elementsOf(row, this.#scores)].map((bytes) => Number(bytes.toString("latin1")));
    return { type: "zset", scores: new Map(members.map((member, index) => [member, scores[index] ?? Number.NaN])) };
  }
}

function putKey(out: Buffer, at: number, key: Key): number {
  return putArgument(out, at, key.bytes, 0, key.length);
}

function putArgument(out: Buffer, at: number, source: Buffer, start: number, length: number): number {
  return putLineEnd(out, putRange(out, putBulkHeader(out, at, length), source, start, length));
}
