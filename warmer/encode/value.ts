import type { CompiledDataset } from "../compile.ts";
import type { Tuple } from "../tuple.ts";
import type { WrittenValue } from "../types.ts";
import type { RowMachine } from "../wasm/rows.ts";

/** The key of the row at hand. The buffer is reused. */
export interface Key {
  bytes: Buffer;
  length: number;
}

/**
 * Turns a row into Redis commands. `bound` first, then `encode` into a buffer with at least so much room; the
 * buffer may be written to beyond the returned end, within that room.
 */
export interface Encoder {
  /** Commands, and so replies, of the row that was encoded last. */
  readonly commands: number;
  /** What reads rows best, if it matters: they are encoded from there. */
  readonly machine?: RowMachine | undefined;
  /** Why this row cannot be written, or null: `NULL_VALUE`. */
  refuses(row: Tuple): string | null;
  /** Bytes that are certainly enough; quick, and so generous. */
  bound(row: Tuple, key: Key): number;
  /** As `bound`, closer to the truth, for rows so large that generosity would cost. */
  exactBound(row: Tuple, key: Key): number;
  /** @param expires milliseconds, as the encoder's {@link Expiry} means them; 0 where the key does not expire */
  encode(out: Buffer, at: number, row: Tuple, key: Key, expires: number): number;
  /** What the operator should know of the rows so far. */
  warnings(): string[];
  /** A copy of the value of the row at hand, for reading back. */
  capture(row: Tuple): WrittenValue;
}

/** Room for what stands around keys and values: command names, lengths, TTLs. */
export const COMMAND_OVERHEAD = 160;

/** How often the column that is used most often is used: a value can be so much longer than its row. */
export function mostUses(members: readonly { readonly column: number }[]): number {
  const uses = new Map<number, number>();
  for (const { column } of members) uses.set(column, (uses.get(column) ?? 0) + 1);
  return Math.max(0, ...uses.values());
}

/** What an encoder is made from. */
export type CompiledValueOf<T extends CompiledDataset["value"]["type"]> = Extract<
  CompiledDataset["value"],
  { type: T }
>;
