/** Parts of a payload of RESTORE, made by payload.as. */
import { FREE, instantiate, SLACK } from "./instance.ts";

/** Bytes around the data of an entry, at most. */
export const ENTRY_OVERHEAD = 10;

/** CRC-64 of Redis. For tests: payloads come with theirs. */
export function crc64(bytes: Buffer): bigint {
  const { exports, memory } = instantiate(FREE + bytes.length + SLACK);
  bytes.copy(memory, FREE);
  return BigInt.asUintN(64, exports.crc64(FREE, FREE + bytes.length));
}

/** Each as an entry of a listpack: whole numbers in their shortest form as integers, as Redis stores them. */
export function entries(values: readonly Buffer[]): Buffer[] {
  const longest = Math.max(0, ...values.map((value) => value.length));
  const out = FREE + longest + SLACK;
  const { exports, memory } = instantiate(out + longest + ENTRY_OVERHEAD + SLACK);
  return values.map((value) => {
    value.copy(memory, FREE);
    return Buffer.from(memory.subarray(out, exports.putEntry(out, FREE, value.length)));
  });
}
