import { performance } from "node:perf_hooks";
import type { RedisConnection } from "../redis/socket.ts";

/** The newest answers that a percentile is made of. */
const KEPT = 50;
/** Fewer say nothing about a percentile. */
const ENOUGH = 10;

/** The newest measurements, and their 95th percentile. */
export class RecentLatencies {
  #values: number[] = [];

  add(milliseconds: number): void {
    this.#values.push(milliseconds);
    if (this.#values.length > KEPT) this.#values.shift();
  }

  /** Forgets what was measured before something changed. */
  clear(): void {
    this.#values = [];
  }

  /** Milliseconds; undefined while there are too few measurements. */
  get p95(): number | undefined {
    if (this.#values.length < ENOUGH) return undefined;
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.ceil(0.95 * sorted.length) - 1];
  }
}

/** A moment after a look at the sockets: the time, and how long the event loop had waited by then. */
interface Mark {
  readonly at: number;
  readonly idle: number;
}

function markNow(): Mark {
  return { at: performance.now(), idle: performance.eventLoopUtilization().idle };
}

/** Less waiting than this is none: the answer was there already. */
const NO_WAIT_MS = 0.01;

/**
 * How long a PING takes, as another client would see it, milliseconds.
 *
 * This process works on rows while the answer comes, and may see it late. Marks after each look at the sockets tell:
 * if the event loop waited for the answer, the time is exact; if not, the answer came at some time after the look
 * before, and counts as if it had come at once, so that our own work is never taken for slowness of Redis. The marks
 * are set by immediates that are unreferenced, and so do not keep the event loop from waiting.
 */
export async function measurePing(connection: RedisConnection): Promise<number> {
  const start = markNow();
  let before: Mark | undefined;
  let last = start;
  let waiting = true;
  const mark = (): void => {
    if (!waiting) return;
    before = last;
    last = markNow();
    setImmediate(mark).unref();
  };
  setImmediate(mark).unref();
  try {
    await connection.call("PING");
  } finally {
    waiting = false;
  }
  const waited = performance.eventLoopUtilization().idle - last.idle;
  if (waited > NO_WAIT_MS) return last.at - start.at + waited;
  return before === undefined ? 0 : before.at - start.at + (last.idle - before.idle);
}
