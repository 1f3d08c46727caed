/** Bytes sent and not yet answered, at most: more would only wait in Redis's buffers and slow its other clients. */
const MOST_IN_FLIGHT = 512 * 1024;
/** However slow Redis is, so much may be on its way: a few rows for each round trip. */
const LEAST_IN_FLIGHT = 4 * 1024;
/** Bytes by which the window grows again with a look at the latency that finds it below the ceiling, but not far. */
const GROWTH = 32 * 1024;
/** Rows are sent in portions of so much time, so that a limit is kept within a second and not only on average. */
const PORTION_MS = 50;
/** Time not used that may be made up for: timers are late by a millisecond or two. */
const CREDIT_MS = 50;
const LEAST_CHUNK = 1024;

/** Limits of a run. */
export interface PaceLimits {
  /** Keys per second, at most, over all primaries. @default no limit */
  readonly keysPerSecond?: number | undefined;
  /** Bytes per second sent to Redis, at most, over all primaries. @default no limit */
  readonly bytesPerSecond?: number | undefined;
}

/** How large a chunk may become before it is sent. */
export interface ChunkLimits {
  bytes: number;
  rows: number;
}

/**
 * How fast rows are sent: the bytes in flight on each connection, which follow the latency that other clients see,
 * and the limits per second. Every chunk, also one that is sent again, asks here when it may go.
 */
export class Pace {
  /** Bytes that may be in flight on each connection. */
  window = MOST_IN_FLIGHT;
  /** For the chunk pool: small chunks where little may be in flight. */
  readonly chunks: ChunkLimits;
  /** The smallest window so far. */
  smallestWindow = MOST_IN_FLIGHT;
  readonly #limits: PaceLimits;
  readonly #full: Readonly<ChunkLimits>;
  /** When all that was let go will have been paid for: `performance.now()`. */
  #paid = performance.now();

  /** @param full how large a chunk is without limits */
  constructor(limits: PaceLimits, full: Readonly<ChunkLimits>) {
    this.#limits = limits;
    const { keysPerSecond, bytesPerSecond } = limits;
    const portion = (perSecond: number | undefined, least: number, most: number): number =>
      perSecond === undefined ? most : Math.min(most, Math.max(least, Math.floor((perSecond * PORTION_MS) / 1000)));
    this.#full = {
      rows: portion(keysPerSecond, 1, full.rows),
      bytes: portion(bytesPerSecond, LEAST_CHUNK, full.bytes),
    };
    this.chunks = { ...this.#full };
  }

  /** Milliseconds until a chunk may be sent, for which its place is kept. */
  reserve(rows: number, bytes: number): number {
    const { keysPerSecond, bytesPerSecond } = this.#limits;
    if (keysPerSecond === undefined && bytesPerSecond === undefined) return 0;
    const now = performance.now();
    const forKeys = keysPerSecond === undefined ? 0 : (rows * 1000) / keysPerSecond;
    const forBytes = bytesPerSecond === undefined ? 0 : (bytes * 1000) / bytesPerSecond;
    this.#paid = Math.max(this.#paid, now - CREDIT_MS) + Math.max(forKeys, forBytes);
    return Math.max(0, this.#paid - now);
  }

  /** Other clients wait too long: half as much in flight. */
  slower(): void {
    this.#setWindow(Math.max(LEAST_IN_FLIGHT, this.window / 2));
  }

  /**
   * Other clients do not wait: more in flight again.
   * @param far they wait much less than they may: twice as much, so that a moment's trouble does not slow a whole run
   */
  faster(far: boolean): void {
    this.#setWindow(Math.min(MOST_IN_FLIGHT, this.window + (far ? this.window : GROWTH)));
  }

  #setWindow(window: number): void {
    this.window = window;
    this.smallestWindow = Math.min(this.smallestWindow, window);
    // Two chunks fit into the window: one is answered while the next is made.
    this.chunks.bytes = Math.min(this.#full.bytes, Math.max(LEAST_CHUNK, window / 2));
  }
}
