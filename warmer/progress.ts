import { count, duration, keyCount } from "./figures.ts";
import { rowsLeft } from "./metrics.ts";
import { Pulse, sum } from "./pulse.ts";
import type { Progress } from "./types.ts";

/**
 * One line for people: each dataset's keys of those to come, all keys, their rate and the time left.
 *
 * `recipes 100/100, meal-plans 320/500; 420 keys, 12,300 keys/s, ETA 0.01 s`
 *
 * @param pulse the rate of the moment. @default the rate of the whole run so far
 */
export function progressLine(progress: Progress, pulse?: Pulse): string {
  const parts = progress.datasets
    .filter(({ status }) => status !== "pending")
    .map(({ name, keys, total, status }) => {
      const expected = status === "done" || total === undefined ? "" : `/${count(Math.max(total, keys))}`;
      const note = status === "failed" || status === "skipped" ? ` ${status}` : "";
      return `${name} ${count(keys)}${expected}${note}`;
    });
  const keys = sum(progress.datasets, "keys");
  const failed = sum(progress.datasets, "failed");
  const average = progress.elapsedMs > 0 ? (keys / progress.elapsedMs) * 1000 : 0;
  const rate = pulse?.keysPerSecond ?? average;
  const summary = [keyCount(keys), `${count(rate)} keys/s`];
  if (failed > 0) {
    summary.push(`${count(failed)} failed`);
  }
  const left = rowsLeft(progress);
  if (left !== undefined && left > 0 && rate > 0) {
    summary.push(`ETA ${duration((left / rate) * 1000)}`);
  }
  const again = progress.repairing === true ? "writing again what Redis may have lost: " : "";
  return [again + parts.join(", "), summary.join(", ")].filter((part) => part !== "").join("; ");
}

/**
 * Passes progress on as lines, at most one in `everyMs`. The last state is not forced out: a report follows.
 *
 * @param everyMs @default 1000
 */
export function progressReporter(write: (line: string) => void, everyMs = 1000): (progress: Progress) => void {
  // The first line comes after a whole interval: a run of a tenth of a second needs none.
  let last = performance.now();
  const pulse = new Pulse();
  return (progress) => {
    pulse.add(progress);
    const now = performance.now();
    if (now - last >= everyMs) {
      last = now;
      write(progressLine(progress, pulse));
    }
  };
}
