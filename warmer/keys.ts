import type { CompiledKeyPart } from "./compile.ts";
import type { Key } from "./encode/value.ts";
import { putBytes, putRange } from "./resp.ts";
import type { Tuple } from "./tuple.ts";
import type { RowMachine } from "./wasm/rows.ts";

const FIRST_ROOM = 1024;
/** See `keyLength` of RowMachine. */
const TOO_LONG = -2;

/** Assembles keys in one buffer that is used again for each row, and hashes them. */
export class KeyBuilder implements Key {
  bytes: Buffer;
  length = 0;
  /** 64 bits of hash of the key built last, in two halves: after `hash()`. */
  high = 0;
  low = 0;
  readonly #parts: readonly CompiledKeyPart[];
  readonly #machine: RowMachine | undefined;
  #own = Buffer.allocUnsafeSlow(FIRST_ROOM);
  #hashed = false;

  /** @param machine has the keys of the rows that it has read */
  constructor(parts: readonly CompiledKeyPart[], machine?: RowMachine) {
    this.#parts = parts;
    this.#machine = machine;
    this.bytes = this.#own;
  }

  /** Builds the key of a row; false where a part of it is NULL. */
  build(row: Tuple): boolean {
    const machine = this.#machine;
    if (machine !== undefined && row.bytes === machine.bytes && machine.keyLength !== TOO_LONG) {
      this.bytes = machine.key;
      this.length = machine.keyLength;
      this.high = machine.keyHigh;
      this.low = machine.keyLow;
      this.#hashed = true;
      return this.length >= 0;
    }
    this.#hashed = false;
    let room = 0;
    for (const part of this.#parts) {
      const length = "literal" in part ? part.literal.length : (row.lengths[part.column] as number);
      if (length < 0) return false;
      room += length;
    }
    if (room > this.#own.length) this.#own = Buffer.allocUnsafeSlow(2 * room);
    this.bytes = this.#own;
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
    if (this.#hashed) return;
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
