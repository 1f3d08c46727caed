import { randomBytes } from "node:crypto";
import type { ListpackLimits } from "./encode/hash.ts";
import { HashEncoder } from "./encode/hash.ts";
import type { Reply } from "./redis/reply.ts";
import { ReplyError } from "./redis/reply.ts";
import type { RedisConnection } from "./redis/socket.ts";
import type { Sink } from "./sink.ts";
import { Tuple } from "./tuple.ts";
import type { HashEngine } from "./types.ts";

const PROBE_MS = 5000;

/** Redis's limits where the user may not read its configuration: the lowest defaults of any version. */
const CAUTIOUS_LIMITS: ListpackLimits = { entries: 128, value: 64 };

/** Values whose encodings differ: integers of each width, empty, short and long strings, any bytes. */
const PROBE_VALUES: readonly Buffer[] = [
  ...["", "0", "127", "-1", "4095", "32767", "-8388608", "2147483647", "9223372036854775807", "007", "text"].map(
    (text) => Buffer.from(text),
  ),
  Buffer.alloc(63, 0xff),
  Buffer.alloc(64, 0x0d),
];

/** How hashes will be written, and why. */
export interface NegotiatedEngine {
  readonly engine: HashEngine;
  readonly limits: ListpackLimits | null;
  /** Why RESTORE is not used although it was not ruled out; undefined where it is used, or was not asked for. */
  readonly reason?: string;
}

/** A row in memory, as COPY would send it. */
function makeTuple(values: readonly Buffer[]): Tuple {
  const count = Buffer.alloc(2);
  count.writeInt16BE(values.length);
  const pieces = values.flatMap((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value.length);
    return [length, value];
  });
  const bytes = Buffer.concat([count, ...pieces]);
  const tuple = new Tuple(values.length);
  tuple.read(bytes, 0, bytes.length);
  return tuple;
}

/** A new key that this primary has the slot of. */
export function probeKey(sink: Sink, lane: number): Buffer {
  for (;;) {
    const key = Buffer.from(`hearth:probe:${randomBytes(8).toString("hex")}`);
    if (sink.lane(key, key.length) === lane) return key;
  }
}

async function readLimits(connection: RedisConnection): Promise<ListpackLimits> {
  try {
    const reply = await connection.call("CONFIG", "GET", "hash-max-listpack-*");
    const settings = new Map<string, number>();
    const words = (Array.isArray(reply) ? reply : []).map(String);
    for (let index = 0; index + 1 < words.length; index += 2)
      settings.set(words[index] ?? "", Number(words[index + 1]));
    return {
      entries: settings.get("hash-max-listpack-entries") ?? CAUTIOUS_LIMITS.entries,
      value: settings.get("hash-max-listpack-value") ?? CAUTIOUS_LIMITS.value,
    };
  } catch (error) {
    if (error instanceof ReplyError) return CAUTIOUS_LIMITS;
    throw error;
  }
}

function sameFields(reply: Reply, values: readonly Buffer[]): boolean {
  if (!Array.isArray(reply) || reply.length !== 2 * values.length) return false;
  return values.every((value, index) => {
    const read = reply[2 * index + 1];
    return String(reply[2 * index]) === `f${index}` && Buffer.isBuffer(read) && read.equals(value);
  });
}

/** Writes a probe key with RESTORE and reads it back; undefined when it came back right, else what went wrong. */
async function probe(sink: Sink, connection: RedisConnection, lane: number): Promise<string | undefined> {
  const key = probeKey(sink, lane);
  const fields = PROBE_VALUES.map((_, index) => ({ name: `f${index}`, column: index }));
  const style = { restore: { entries: PROBE_VALUES.length, value: 64 }, mayExist: false };
  const encoder = new HashEncoder({ type: "hash", fields, constants: [] }, style, sink.expiry);
  const row = makeTuple(PROBE_VALUES);
  const name = { bytes: key, length: key.length };
  const out = Buffer.alloc(encoder.bound(row, name));
  const expires = sink.expiry.absolute ? sink.now(lane) + PROBE_MS : PROBE_MS;
  const end = encoder.encode(out, 0, row, name, expires);
  try {
    await connection.send(Buffer.from(out.subarray(0, end)), 1);
    const reply = await connection.call("HGETALL", key);
    await connection.call("DEL", key);
    return sameFields(reply, PROBE_VALUES) ? undefined : "the probe key came back changed";
  } catch (error) {
    if (error instanceof ReplyError) return error.message;
    throw error;
  }
}

/**
 * Finds out on every primary whether hashes can be written with RESTORE.
 * @throws Error where `wanted` is "restore" and a server cannot
 */
export async function negotiateEngine(sink: Sink, wanted: "auto" | HashEngine): Promise<NegotiatedEngine> {
  if (wanted === "hset") return { engine: "hset", limits: null };
  const answers = await sink.eachPrimary(async (connection, lane) => {
    const problem = await probe(sink, connection, lane);
    return { problem, limits: problem === undefined ? await readLimits(connection) : CAUTIOUS_LIMITS };
  });
  const problem = answers.find((answer) => answer.problem !== undefined)?.problem;
  if (problem === undefined) {
    const entries = Math.min(...answers.map(({ limits }) => limits.entries));
    const value = Math.min(...answers.map(({ limits }) => limits.value));
    return { engine: "restore", limits: { entries, value } };
  }
  if (wanted === "restore") {
    throw new Error(
      `engine: got "restore", but Redis does not take it (${problem}); allowed here are "auto" and "hset"`,
    );
  }
  return {
    engine: "hset",
    limits: null,
    reason: `hashes are written with HSET, because RESTORE was not possible: ${problem}`,
  };
}
