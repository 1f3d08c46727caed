import type { Counted } from "./counters.ts";
import type { Observed } from "./observed.ts";

/**
 * The share of reads that hit: over the window where it had enough reads, else since the servers started; undefined
 * where neither has enough.
 */
export function hitRatioOf({
  window,
  sinceStart,
  thresholds,
}: Pick<Observed, "window" | "sinceStart" | "thresholds">):
  | { readonly ratio: number; readonly counted: Counted }
  | undefined {
  for (const counted of [window, sinceStart]) {
    const reads = counted === undefined ? 0 : counted.hits + counted.misses;
    if (counted !== undefined && reads >= thresholds.minReads) return { ratio: counted.hits / reads, counted };
  }
  return undefined;
}
