import { bytes, count, keyCount } from "../figures.ts";
import { PRIORITIES, type Priority } from "../plan.ts";
import type { ServerMemory } from "./server-memory.ts";

/** A dataset that can be told to stop. */
export interface Stoppable {
  readonly plan: { readonly name: string; readonly priority: string };
  readonly status: string;
  /** Ends it: rows that were sent are still answered. */
  stop(status: "failed" | "skipped", reason: string): void;
}

/**
 * Stops datasets while memory runs out: those of lower priority that have not begun, then, when it goes on, those
 * that run, one at each look. Memory runs out when primaries evict, or use more than the headroom allows.
 */
export class MemoryWatch {
  readonly warnings: string[] = [];
  readonly #tasks: readonly Stoppable[];
  readonly #headroom: number;
  /** Bytes in use up to which a primary may come, by lane. */
  readonly #most: readonly number[];
  #evicted: number;

  /** @param before what each primary said before the first write */
  constructor(tasks: readonly Stoppable[], before: readonly ServerMemory[], headroom: number) {
    this.#tasks = tasks;
    this.#headroom = headroom;
    // A cache that was full before may be written to as long as it becomes no fuller.
    this.#most = before.map(({ used, limit }) =>
      limit === 0 ? Number.POSITIVE_INFINITY : Math.max(limit * (1 - headroom), used + (limit * headroom) / 10),
    );
    this.#evicted = evictedBy(before);
  }

  /** A look at all primaries, in the order of the lanes. */
  see(memory: readonly ServerMemory[]): void {
    const evicted = evictedBy(memory) - this.#evicted;
    this.#evicted = evictedBy(memory);
    if (evicted > 0) {
      this.#stopSome(`Redis evicted ${keyCount(evicted)} while the warmer wrote`);
      return;
    }
    const full = memory.find(({ used, limit }, lane) => limit > 0 && used > (this.#most[lane] ?? limit));
    if (full === undefined) return;
    this.#stopSome(
      `Redis uses ${bytes(full.used)} of maxmemory ${bytes(full.limit)}, and ${Math.round(this.#headroom * 100)} % are to stay free`,
    );
  }

  #stopSome(why: string): void {
    const running = this.#tasks.filter(({ status }) => status === "running");
    const [first] = running;
    if (first === undefined) return;
    const lower = this.#tasks.filter((task) => task.status === "pending" && rank(task) > rank(first));
    const stopped = lower.length > 0 ? lower : running.slice(-1);
    const highest = Math.min(...this.#tasks.map(rank));
    for (const task of stopped) {
      // Without what matters most the run has failed; without the rest it has done what it could.
      task.stop(rank(task) === highest ? "failed" : "skipped", `stopped: ${why}; raise maxmemory, or lower the limits`);
    }
    const names = stopped.map(({ plan }) => `${plan.name} (${plan.priority})`).join(", ");
    this.warnings.push(`${why}: ${count(stopped.length)} of ${count(this.#tasks.length)} datasets stopped: ${names}`);
  }
}

function rank(task: Stoppable): number {
  return PRIORITIES.indexOf(task.plan.priority as Priority);
}

function evictedBy(memory: readonly ServerMemory[]): number {
  return memory.reduce((sum, { evicted }) => sum + evicted, 0);
}
