import { setTimeout as delay } from "node:timers/promises";
import type { RedisConnection } from "../redis/socket.ts";
import type { Sink } from "../sink.ts";
import { measurePing, RecentLatencies } from "./latency.ts";
import type { ServerMemory } from "./server-memory.ts";
import { readServerMemory } from "./server-memory.ts";

const PING_EVERY_MS = 15;
const JUDGE_EVERY_MS = 150;
const MEMORY_EVERY_MS = 200;
/** Share of the ceiling below which the latency is far from it. */
const FAR = 0.5;
/** After a connection was lost; the sink finds the new primary meanwhile. */
const REOPEN_AFTER_MS = 250;

export interface MonitorOptions {
  readonly sink: Sink;
  /** Milliseconds that a PING's 95th percentile may reach before rows are sent more slowly; null for no ceiling. */
  readonly latencyCeilingMs: number | null;
  /** Called with what every primary says of its memory, in the order of the lanes; null where nobody asks. */
  readonly onMemory: ((memory: readonly ServerMemory[]) => void) | null;
  /** Milliseconds before the first PING: a short run needs none. */
  readonly quietMs: number;
  /** Milliseconds before the first look at the memory. */
  readonly memoryQuietMs: number;
}

/** What the probes found. */
export interface LatencySummary {
  readonly ceilingMs: number;
  /** The highest 95th percentile of PING on a primary, over the newest 50 at each time; null where the run was too short. */
  readonly worstP95Ms: number | null;
  /** How often the run was slowed down because of it. */
  readonly slowed: number;
  /** Bytes in flight on each connection, at the slowest. */
  readonly smallestWindow: number;
}

interface Probe {
  readonly latencies: RecentLatencies;
  /** When the PING that is under way was sent. */
  since: number | undefined;
}

/**
 * Watches the primaries over connections of its own while rows are written: how long a PING takes, which sets the
 * pace, and how their memory fares. A connection that is lost is made again; what cannot be watched is not.
 */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #stop = new AbortController();
  readonly #work: Promise<unknown>;
  #worstP95: number | undefined;
  #slowed = 0;

  constructor(options: MonitorOptions) {
    this.#options = options;
    const parts: Promise<void>[] = [];
    const { latencyCeilingMs, onMemory, quietMs, memoryQuietMs } = options;
    if (latencyCeilingMs !== null) parts.push(this.#forever(quietMs, (open) => this.#watchLatency(open)));
    if (onMemory !== null) parts.push(this.#forever(memoryQuietMs, (open) => this.#watchMemory(open, onMemory)));
    this.#work = Promise.all(parts);
  }

  get latency(): LatencySummary | null {
    const ceilingMs = this.#options.latencyCeilingMs;
    if (ceilingMs === null) return null;
    const { smallestWindow } = this.#options.sink.pace;
    return { ceilingMs, worstP95Ms: this.#worstP95 ?? null, slowed: this.#slowed, smallestWindow };
  }

  /** Ends all that was started. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#work;
  }

  /** Does `watch` on connections to all primaries, with new ones when it fails, until the monitor is stopped. */
  async #forever(firstMs: number, watch: (open: readonly RedisConnection[]) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const { sink } = this.#options;
    await this.#wait(firstMs);
    while (!signal.aborted && !sink.signal.aborted) {
      let open: readonly RedisConnection[] = [];
      const close = (): void => {
        for (const connection of open) connection.close();
      };
      try {
        open = await sink.connect();
        signal.addEventListener("abort", close, { once: true });
        signal.throwIfAborted();
        await watch(open);
      } catch {
        // The sink tells of servers that cannot be reached; here they are only looked at again.
        await this.#wait(REOPEN_AFTER_MS);
      } finally {
        signal.removeEventListener("abort", close);
        close();
      }
    }
  }

  async #watchLatency(open: readonly RedisConnection[]): Promise<void> {
    const probes = open.map((): Probe => ({ latencies: new RecentLatencies(), since: undefined }));
    const judge = setInterval(() => this.#judge(probes), JUDGE_EVERY_MS);
    try {
      await Promise.all(open.map((connection, index) => this.#ping(connection, probes[index] as Probe)));
    } finally {
      clearInterval(judge);
    }
  }

  async #ping(connection: RedisConnection, probe: Probe): Promise<void> {
    while (!this.#stop.signal.aborted) {
      probe.since = performance.now();
      probe.latencies.add(await measurePing(connection));
      probe.since = undefined;
      await this.#wait(PING_EVERY_MS);
    }
  }

  #judge(probes: readonly Probe[]): void {
    const { sink, latencyCeilingMs } = this.#options;
    const ceiling = latencyCeilingMs ?? Number.POSITIVE_INFINITY;
    const now = performance.now();
    // An answer that is long overdue is as bad as a late one, and cannot be waited for.
    const overdue = Math.max(...probes.map(({ since }) => (since === undefined ? 0 : now - since - JUDGE_EVERY_MS)));
    const known = probes.flatMap(({ latencies }) => latencies.p95 ?? []);
    if (known.length === 0 && overdue <= ceiling) return;
    const p95 = Math.max(overdue, ...known);
    this.#worstP95 = Math.max(this.#worstP95 ?? 0, p95);
    if (p95 <= ceiling) {
      sink.pace.faster(p95 <= ceiling * FAR);
      return;
    }
    this.#slowed += 1;
    sink.pace.slower();
    for (const { latencies } of probes) latencies.clear();
  }

  async #watchMemory(
    open: readonly RedisConnection[],
    onMemory: (memory: readonly ServerMemory[]) => void,
  ): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#wait(MEMORY_EVERY_MS);
      const memory = await Promise.all(open.map(readServerMemory));
      if (memory.some((each) => each === undefined)) return void (await this.#stopped());
      onMemory(memory as ServerMemory[]);
    }
  }

  /** For what the user may not ask: asking again would not help. */
  #stopped(): Promise<void> {
    return new Promise((resolve) => this.#stop.signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  /** Ends early when the monitor is stopped. */
  async #wait(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
  }
}
