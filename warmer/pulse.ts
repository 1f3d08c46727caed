import type { Progress } from "./types.ts";

/** The newest stretch of a run that a rate is made of, milliseconds. */
const windowMs = 5000;

/** Milliseconds between two looks: datasets may change their status much more often. */
const apartMs = 20;

interface Beat {
  readonly atMs: number;
  readonly keys: number;
  readonly rows: number;
}

/** How fast a run is at the moment: over its last five seconds, or since its first key. */
export class Pulse {
  #beats: Beat[] = [];

  add({ elapsedMs, datasets }: Progress): void {
    if (elapsedMs < (this.#beats.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) + apartMs) return;
    const beat = { atMs: elapsedMs, keys: sum(datasets, "keys"), rows: sum(datasets, "rows") };
    // Connecting and planning is not slow writing.
    if (beat.rows === 0) this.#beats = [];
    // A dataset was begun again: its rows count from there.
    if (beat.rows < (this.#beats.at(-1)?.rows ?? 0)) this.#beats = [];
    this.#beats.push(beat);
    while ((this.#beats[1]?.atMs ?? Number.POSITIVE_INFINITY) <= elapsedMs - windowMs) this.#beats.shift();
  }

  /** 0 before the first key. */
  get keysPerSecond(): number {
    return this.#rate("keys");
  }

  get rowsPerSecond(): number {
    return this.#rate("rows");
  }

  #rate(what: "keys" | "rows"): number {
    const [first, last] = [this.#beats[0], this.#beats.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return ((last[what] - first[what]) / (last.atMs - first.atMs)) * 1000;
  }
}

/** A figure over all datasets. */
export function sum(datasets: Progress["datasets"], what: "keys" | "rows" | "failed"): number {
  return datasets.reduce((so, dataset) => so + dataset[what], 0);
}
