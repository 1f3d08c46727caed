import type { Account } from "./account.ts";
import type { HashStyle } from "./encode/hash.ts";
import type { NegotiatedEngine } from "./engine.ts";
import { negotiateEngine } from "./engine.ts";
import { negotiateExpiry } from "./expiry.ts";
import { templatesThatShare } from "./hash-style.ts";
import { DEFAULT_RETRIES } from "./pacing/controls.ts";
import { RunControls } from "./pacing/run-controls.ts";
import { Sessions } from "./postgres/sessions.ts";
import { type PrepareOptions, prepareAgain, prepareDatasets } from "./prepare.ts";
import { type Primaries, readPrimaries } from "./redis/identity.ts";
import type { ServerFigures } from "./redis/info.ts";
import { readFigures } from "./redis/info.ts";
import { repair } from "./repair.ts";
import { RunCheckpoint } from "./resume/checkpoint.ts";
import { shareSamples } from "./sample.ts";
import { runByPriority } from "./schedule.ts";
import { Sink } from "./sink.ts";
import { count, DatasetTask } from "./task.ts";
import type { Progress, WarmOptions, WarmOutcome } from "./types.ts";

const DEFAULT_DEADLINE_MS = 300_000;
const DEFAULT_PATIENCE_MS = 60_000;
const DEFAULT_SAMPLE_SIZE = 200;
const DEFAULT_PARALLEL = 2;
const PROGRESS_MS = 250;

/** Rejects when the signal is aborted, for work that cannot be told to stop. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** One run of the warmer. */
export class WarmRun {
  readonly #options: WarmOptions;
  readonly #tasks: DatasetTask[];
  /** Datasets whose keys another dataset may write too. */
  readonly #sharing: ReadonlySet<DatasetTask>;
  readonly #deadlineMs: number;
  readonly #startedAt = new Date();
  readonly #clock = performance.now();
  readonly #warnings: string[] = [];
  readonly #sessions: Sessions;
  #engine: NegotiatedEngine | undefined;
  #expiryProblem: string | undefined;
  #before: ServerFigures | undefined;
  #after: ServerFigures | undefined;
  #primaries: Primaries | undefined;
  #repairing = false;
  #repaired: number | undefined;
  #writingSince: number | undefined;
  #writingMs = 0;
  #sink: Sink | undefined;
  readonly #controls: RunControls;
  #checkpoint: RunCheckpoint | undefined;

  constructor(options: WarmOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    const sampleSize = options.sampleSize ?? DEFAULT_SAMPLE_SIZE;
    this.#tasks = options.plan.datasets.map((dataset) => new DatasetTask(dataset, sampleSize));
    const shared = templatesThatShare(this.#tasks.map(({ plan }) => plan.key));
    this.#sharing = new Set(this.#tasks.filter((_, index) => shared[index]));
    this.#sessions = new Sessions(options.postgresUrl);
    this.#controls = new RunControls(options, this.#tasks);
  }

  async run(): Promise<WarmOutcome> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error(this.#missed())), this.#deadlineMs);
    const given = this.#options.signal;
    const signal = given === undefined ? deadline.signal : AbortSignal.any([given, deadline.signal]);
    const ticker = setInterval(() => this.#report(), PROGRESS_MS);
    let error: string | undefined;
    try {
      const sink = await orAborted(this.#prepare(signal), signal);
      this.#writingSince = performance.now();
      this.#controls.start(sink);
      await this.#write(sink);
      this.#writingMs = performance.now() - this.#writingSince;
      await this.#repair(sink);
      // The keys are written: that the figures cannot be had is no reason to fail now.
      this.#after = await readFigures(sink).catch(() => undefined);
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    } finally {
      clearTimeout(timer);
      clearInterval(ticker);
      this.#sink?.close();
      await this.#controls.stop();
      await this.#sessions.close();
    }
    await this.#checkpoint?.finish(error === undefined && this.#datasetErrors() === undefined);
    if (error !== undefined) for (const task of this.#tasks) task.skipPending("the run could not start; see its error");
    this.#report();
    return this.#outcome(error ?? this.#datasetErrors());
  }

  /** Connects to both sides at once; whatever is wrong with either is reported together. */
  async #prepare(signal: AbortSignal): Promise<Sink> {
    await this.#openCheckpoint();
    const { plan } = this.#options;
    const reading = prepareDatasets(this.#tasks, this.#source()).then((session) => this.#sessions.add(session));
    const patienceMs = this.#options.patienceMs ?? DEFAULT_PATIENCE_MS;
    const writing = Sink.open({
      endpoint: this.#options.endpoint,
      signal,
      patienceMs,
      limits: this.#options.limits ?? {},
    }).then(async (sink) => {
      this.#sink = sink;
      this.#before = await readFigures(sink);
      this.#primaries = await readPrimaries(sink);
      if (plan.datasets.some(({ ttl }) => ttl !== undefined)) this.#expiryProblem = await negotiateExpiry(sink);
      if (plan.datasets.some((dataset) => dataset.value.type === "hash")) {
        this.#engine = await negotiateEngine(sink, this.#options.engine ?? "auto");
      }
      return sink;
    });
    const [read, wrote] = await Promise.allSettled([reading, writing]);
    const reasons = [read, wrote].flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (wrote.status === "rejected" || reasons.length > 0) {
      throw new Error(reasons.map((reason) => reason.message).join("\n"));
    }
    if (this.#before === undefined)
      this.#warnings.push("memory and evictions are unknown: this Redis user may not use INFO");
    for (const reason of [this.#expiryProblem, this.#engine?.reason]) {
      if (reason !== undefined) this.#warnings.push(reason);
    }
    const sink = wrote.value;
    if (this.#checkpoint?.isOf(this.#primaries?.identities) === false) {
      this.#checkpoint.forget(this.#primaries?.identities);
      for (const task of this.#tasks) if (this.#isResumed(task)) await this.#restart(task);
    }
    await this.#controls.beforeWriting(
      await this.#sessions.of(0),
      sink,
      (task) => this.#style(task),
      this.#statementTimeout(),
    );
    return sink;
  }

  /** What an earlier run has noted; without notes where Redis does not let this user keep any. */
  async #openCheckpoint(): Promise<void> {
    const { checkpoint: store, plan, postgresUrl, shard } = this.#options;
    if (store === undefined) return;
    try {
      this.#checkpoint = await RunCheckpoint.open(store, plan, postgresUrl, shard);
    } catch (error) {
      this.#warnings.push(`a run that dies cannot go on later: ${error instanceof Error ? error.message : error}`);
    }
    for (const task of this.#tasks) {
      const position = this.#checkpoint?.positionOf(task.plan.name);
      if (position !== undefined) task.restore(position);
    }
  }

  async #write(sink: Sink): Promise<void> {
    const { datasetDeadlineMs: deadlineMs, retries = DEFAULT_RETRIES } = this.#options;
    const onlyMissing = this.#repairing ? undefined : this.#options.onlyMissing;
    await runByPriority(sink, {
      tasks: this.#tasks,
      sessions: this.#sessions,
      parallel: this.#options.parallel ?? DEFAULT_PARALLEL,
      style: (task) => this.#style(task),
      how: (task) => ({
        ...{ deadlineMs, retries, onlyMissing, statementTimeoutMs: this.#statementTimeout() },
        checkpoint: this.#checkpoint,
        prepare: (session) => prepareAgain(session, task, this.#source()),
      }),
      changed: () => this.#report(),
    });
  }

  /** Whether an earlier run has begun it. */
  #isResumed({ status, resumedAfter }: DatasetTask): boolean {
    return status === "done" || resumedAfter !== undefined;
  }

  /** From the beginning: the query was compiled for the place where an earlier run, or attempt, had stopped. */
  async #restart(task: DatasetTask): Promise<void> {
    const compiled = task.resumedAfter === undefined;
    task.restart();
    if (!compiled) await prepareAgain(await this.#sessions.of(0), task, this.#source());
  }

  async #repair(sink: Sink): Promise<void> {
    if (this.#primaries === undefined || sink.signal.aborted) return;
    this.#repaired = await repair({
      sink,
      tasks: this.#tasks,
      before: this.#primaries,
      checkpoint: this.#checkpoint,
      restart: (task) => this.#restart(task),
      write: () => {
        this.#repairing = true;
        return this.#write(sink);
      },
    });
    if (this.#repaired === undefined) return;
    this.#warnings.push(
      "another server, or a restarted one, is primary than at the beginning, and may have lost keys that had been " +
        `acknowledged: ${count(this.#repaired, "key")} written again`,
    );
  }

  #source(): PrepareOptions {
    const { plan, postgresUrl, shard } = this.#options;
    const common = { source: postgresUrl, parameters: plan.parameters, shard, checkpoint: this.#checkpoint };
    return { ...common, statementTimeoutMs: this.#statementTimeout() };
  }

  #style(task: DatasetTask): HashStyle {
    const empty = this.#before?.keys === (this.#options.ownKeys ?? 0);
    return { restore: this.#engine?.limits ?? null, mayExist: this.#repairing || this.#sharing.has(task) || !empty };
  }

  #statementTimeout(): number {
    const left = Math.max(1, this.#deadlineMs - (performance.now() - this.#clock));
    return Math.min(left, this.#options.statementTimeoutMs ?? left);
  }

  /** What the deadline kept from being done. */
  #missed(): string {
    const open = this.#tasks.filter(({ status }) => status === "pending" || status === "running");
    const states = open.map(({ plan, status, account, total }) => {
      const of = total === undefined ? "" : ` of about ${total}`;
      return `"${plan.name}" (${status === "pending" ? "not started" : `${account.rows}${of} rows read, ${count(account.keys, "key")} acknowledged`})`;
    });
    const trouble = this.#sink?.trouble === undefined ? "" : `. Last trouble with Redis: ${this.#sink.trouble}`;
    const missing =
      states.length > 0
        ? `Still missing: ${states.join(", ")}`
        : "Every row is written; still missing is a look whether Redis has kept them";
    const again = this.#repairing ? ", while rows were written again that a failover or a restart may have lost" : "";
    return `The deadline of ${this.#deadlineMs / 1000} s has passed${again}. ${missing}${trouble}`;
  }

  #datasetErrors(): string | undefined {
    const errors = this.#tasks.filter(({ status }) => status === "failed").map(({ error }) => error ?? "");
    return errors.length === 0 ? undefined : [...new Set(errors)].join("\n");
  }

  #report(): void {
    const usedMemory = this.#after?.usedMemory ?? this.#controls.usedMemory ?? this.#before?.usedMemory;
    const progress: Progress = {
      elapsedMs: Math.round(performance.now() - this.#clock),
      datasets: this.#tasks.map((task) => task.progress()),
      ...(this.#repairing && { repairing: true }),
    };
    this.#options.onProgress?.(usedMemory === undefined ? progress : { ...progress, usedMemory });
  }

  #outcome(error: string | undefined): WarmOutcome {
    const sum = (each: (account: Account) => number): number =>
      this.#tasks.reduce((so, { account }) => so + each(account), 0);
    const keys = sum((account) => account.keys);
    const written = keys - this.#tasks.reduce((so, { resumedKeys }) => so + resumedKeys, 0);
    const before = this.#before?.usedMemory ?? 0;
    const durationMs = Math.round(performance.now() - this.#clock);
    const outcome = {
      ok: error === undefined,
      startedAt: this.#startedAt.toISOString(),
      durationMs,
      rows: sum((account) => account.rows),
      keys,
      failed: sum((account) => account.failed),
      ...(this.#repaired !== undefined && { repaired: this.#repaired }),
      bytes: sum((account) => account.bytes),
      rate: this.#writingMs > 0 ? Math.round((written * 1000) / this.#writingMs) : 0,
      usedMemory: { before, after: this.#after?.usedMemory ?? before },
      evictedKeys: Math.max(0, (this.#after?.evictedKeys ?? 0) - (this.#before?.evictedKeys ?? 0)),
      datasets: this.#tasks.map((task) => task.outcome()),
      engine: this.#engine?.engine ?? null,
      warnings: [...this.#warnings, ...this.#controls.warnings, ...(this.#sink?.warnings ?? [])],
      latency: this.#controls.latency,
      samples: shareSamples(
        this.#options.sampleSize ?? DEFAULT_SAMPLE_SIZE,
        this.#tasks.map(({ account, sampler }) => ({ keys: account.keys, samples: sampler.samples() })),
      ),
    };
    return error === undefined
      ? outcome
      : { ...outcome, error: `${error} (${count(keys, "key")} had been acknowledged)` };
  }
}
