import type { CompiledKeyPart } from "./compile.ts";
import type { Key } from "./encode/value.ts";
import { putBytes, putRange } from "./resp.ts";
import type { Tuple } from "./tuple.ts";

/** Assembles keys in one buffer that is used again for each row, and hashes them. */
export class KeyBuilder implements Key {
  bytes: Buffer = Buffer.allocUnsafeSlow(1024);
  length = 0;
  /** 64 bits of hash of the key built last, in two halves: after `hash()`. */
  high = 0;
  low = 0;
  readonly #parts: readonly CompiledKeyPart[];

  constructor(parts: readonly CompiledKeyPart[]) {
    this.#parts = parts;
  }

  /** Builds the key of a row; false where a part of it is NULL. */
  build(row: Tuple): boolean {
    let room = 0;
    for (const part of this.#parts) {
      const length = "literal" in part ? part.literal.length : (row.lengths[part.column] as number);
      if (length < 0) return false;
      room += length;
    }
    if (room > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(2 * room);
    let at = 0;
    for (const part of this.#parts) {
      if ("literal" in part) at = putBytes(this.bytes, at, part.literal);
      else
        at = putRange(this.bytes, at, row.bytes, row.starts[part.column] as number, row.lengths[part.column] as number);
    }
    this.length = at;
    return true;
  }

  /** Two different multiplicative hashes of 32 bits each, mixed at the end. */
  hash(): void {
    const { bytes, length } = this;
    let high = 0x811c9dc5;
    let low = length;
    for (let index = 0; index < length; index++) {
      const byte = bytes[index] as number;
      high = Math.imul(high ^ byte, 0x01000193);
      low = Math.imul(low + byte, 0x5bd1e995) ^ (low >>> 15);
    }
    this.high = mix(high);
    this.low = mix(low);
  }

  /** A copy of the key. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
