import type { HashStyle } from "../encode/hash.ts";
import type { PostgresSession } from "../postgres/session.ts";
import type { Sink } from "../sink.ts";
import type { DatasetTask } from "../task.ts";
import type { ControlOptions } from "./controls.ts";
import { DEFAULT_HEADROOM, DEFAULT_LATENCY_CEILING_MS } from "./controls.ts";
import { guardMemory } from "./memory-guard.ts";
import { MemoryWatch } from "./memory-watch.ts";
import type { LatencySummary } from "./monitor.ts";
import { Monitor } from "./monitor.ts";
import type { ServerMemory } from "./server-memory.ts";

/** A run that is over so soon is not worth a connection for probes. */
const QUIET_MS = 300;

/** A machine that was busy for a moment is no reason to worry; the report has it all the same. */
const WORTH_TELLING = 2;

/** What is looked at before and beside the writing of a run: memory and latency. */
export class RunControls {
  readonly #options: ControlOptions;
  readonly #tasks: readonly DatasetTask[];
  readonly #headroom: number | null;
  readonly #warnings: string[] = [];
  #servers: readonly ServerMemory[] = [];
  #watch: MemoryWatch | undefined;
  #monitor: Monitor | undefined;
  #usedMemory: number | undefined;

  constructor(options: ControlOptions, tasks: readonly DatasetTask[]) {
    this.#options = options;
    this.#tasks = tasks;
    this.#headroom = options.headroom === undefined ? DEFAULT_HEADROOM : options.headroom;
  }

  /**
   * Before the first write: whether the datasets fit into memory. Those that do not are skipped.
   * @throws Error with the figures where the plan is refused
   */
  async beforeWriting(
    session: PostgresSession,
    sink: Sink,
    style: (task: DatasetTask) => HashStyle,
    statementTimeoutMs: number,
  ): Promise<void> {
    if (this.#headroom === null) return;
    const datasets = this.#tasks.flatMap((task) => {
      const { compiled, plan, total } = task;
      if (compiled === undefined || task.status !== "pending") return [];
      return [{ name: plan.name, priority: plan.priority, compiled, rows: total, style: style(task) }];
    });
    const options = { sink, session, datasets, headroom: this.#headroom, statementTimeoutMs, signal: sink.signal };
    const { decision, servers } = await guardMemory(options);
    this.#servers = servers;
    if (decision.kind === "refuse") throw new Error(decision.message);
    if (decision.kind === "fits") return;
    for (const [name, reason] of decision.dropped) {
      this.#tasks.find(({ plan }) => plan.name === name)?.skip(reason);
      this.#warnings.push(`dataset "${name}" was ${reason}`);
    }
  }

  /** Watches while rows are written. */
  start(sink: Sink): void {
    const limited = this.#headroom !== null && this.#servers.some(({ limit }) => limit > 0);
    if (limited) this.#watch = new MemoryWatch(this.#tasks, this.#servers, this.#headroom ?? DEFAULT_HEADROOM);
    const { latencyCeilingMs = DEFAULT_LATENCY_CEILING_MS } = this.#options;
    this.#monitor = new Monitor({
      sink,
      latencyCeilingMs,
      onMemory: (memory) => {
        this.#usedMemory = memory.reduce((sum, { used }) => sum + used, 0);
        this.#watch?.see(memory);
      },
      quietMs: QUIET_MS,
      // Without a limit it is only shown.
      memoryQuietMs: limited ? 0 : QUIET_MS,
    });
  }

  async stop(): Promise<void> {
    await this.#monitor?.stop();
  }

  /** Bytes that the primaries used when they were last asked; undefined before. */
  get usedMemory(): number | undefined {
    return this.#usedMemory;
  }

  /** What PINGs took; null where nobody asked. */
  get latency(): LatencySummary | null {
    return this.#monitor?.latency ?? null;
  }

  /** What the operator should know. */
  get warnings(): readonly string[] {
    const { latency } = this;
    const slowed =
      latency === null || latency.slowed < WORTH_TELLING
        ? []
        : [
            `rows were held back ${latency.slowed} times: PING took up to ${latency.worstP95Ms?.toFixed(1)} ms at the 95th ` +
              `percentile, and the ceiling is ${latency.ceilingMs} ms`,
          ];
    return [...this.#warnings, ...(this.#watch?.warnings ?? []), ...slowed];
  }
}
