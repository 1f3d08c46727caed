import type { Timeline } from "../contract/warming.ts";
import type { Progress } from "./types.ts";

/** Points that a report keeps. */
const mostPoints = 60;
/** Series that a chart can tell apart. */
const mostSeries = 7;

/** Milliseconds between two points of a short run: many small datasets change their status much more often. */
const leastApartMs = 4;

/** The series of the datasets that have none of their own. */
export const othersName = "(others)";

interface Point {
  readonly atMs: number;
  readonly keys: readonly number[];
}

/** Remembers how a run went. However long it is, the points stay few: every second one is dropped when it is full. */
export class TimelineRecorder {
  #points: Point[] = [];
  #last: Progress | undefined;
  #everyMs = leastApartMs;

  add(progress: Progress): void {
    this.#last = progress;
    const previous = this.#points.at(-1);
    if (previous !== undefined && progress.elapsedMs < previous.atMs + this.#everyMs) return;
    this.#points.push(pointOf(progress));
    if (this.#points.length <= 2 * mostPoints) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    const spanMs = (this.#points.at(-1)?.atMs ?? 0) - (this.#points[0]?.atMs ?? 0);
    this.#everyMs = Math.max(leastApartMs, spanMs / this.#points.length);
  }

  /** The last state of the run. */
  get last(): Progress | undefined {
    return this.#last;
  }

  /** Points at least a sixtieth of the run apart, the first and the last among them. */
  timeline(): Timeline {
    const end = this.#last;
    const first = this.#points[0];
    if (end === undefined || first === undefined) return { atMs: [], keys: {} };
    const apart = (end.elapsedMs - first.atMs) / mostPoints;
    const kept: Point[] = [];
    for (const point of this.#points) {
      const previous = kept.at(-1);
      if (previous === undefined || point.atMs >= previous.atMs + apart) kept.push(point);
    }
    const last = pointOf(end);
    if (kept.length > 1 && last.atMs - (kept.at(-1)?.atMs ?? 0) < apart) kept.pop();
    if (last.atMs > (kept.at(-1)?.atMs ?? -1)) kept.push(last);
    else kept[kept.length - 1] = last;
    const names = end.datasets.map(({ name }) => name);
    return { atMs: kept.map(({ atMs }) => atMs), keys: seriesOf(names, kept, last) };
  }
}

function seriesOf(names: readonly string[], points: readonly Point[], last: Point): Record<string, readonly number[]> {
  const order = names.map((name, index) => ({ name, index, keys: last.keys[index] ?? 0 }));
  const largest = new Set(
    [...order]
      .sort((a, b) => b.keys - a.keys)
      .slice(0, mostSeries)
      .map(({ index }) => index),
  );
  const own = order.filter(({ index }) => largest.has(index));
  const series = Object.fromEntries(
    own.map(({ name, index }) => [name, points.map(({ keys }) => keys[index] ?? 0)] as const),
  );
  if (own.length === order.length) return series;
  const others = order.filter(({ index }) => !largest.has(index));
  const rest = points.map(({ keys }) => others.reduce((sum, { index }) => sum + (keys[index] ?? 0), 0));
  return { ...series, [othersName]: rest };
}

function pointOf({ elapsedMs, datasets }: Progress): Point {
  return { atMs: elapsedMs, keys: datasets.map(({ keys }) => keys) };
}
