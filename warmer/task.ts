import type { DatasetStatus } from "../contract/warming.ts";
import type { AccountMark } from "./account.ts";
import { Account } from "./account.ts";
import type { CompiledDataset } from "./compile.ts";
import { makeEncoder } from "./encode/encoder.ts";
import type { HashStyle } from "./encode/hash.ts";
import type { ControlOptions } from "./pacing/controls.ts";
import type { DatasetPlan } from "./plan.ts";
import type { PostgresSession } from "./postgres/session.ts";
import { describePostgresError } from "./postgres/session.ts";
import type { DatasetPosition, RunCheckpoint } from "./resume/checkpoint.ts";
import type { RowStage } from "./resume/stages.ts";
import { NotingStage, OnlyMissingStage } from "./resume/stages.ts";
import { withRetries } from "./retry.ts";
import { Sampler } from "./sample.ts";
import type { Sink } from "./sink.ts";
import type { DatasetOutcome, DatasetProgress } from "./types.ts";
import { DatasetWriter } from "./writer.ts";

const SHOWN_QUERY = 300;

/** A query on one line, for messages: as written in the plan, and so without the values of parameters. */
export function showQuery(query: string): string {
  const line = query.trim().replaceAll(/\s+/g, " ");
  return line.length > SHOWN_QUERY ? `${line.slice(0, SHOWN_QUERY - 3)}...` : line;
}

/** `1 row`, `2 rows`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** How a dataset is written. */
export interface TaskOptions {
  readonly statementTimeoutMs: number;
  /** See `datasetDeadlineMs`, `retries`, `onlyMissing` and `checkpoint` of ControlOptions. */
  readonly deadlineMs: number | undefined;
  readonly retries: number;
  /** Compiles the dataset again, to go on from another place. */
  readonly prepare: (session: PostgresSession) => Promise<void>;
  readonly onlyMissing: ControlOptions["onlyMissing"];
  readonly checkpoint: RunCheckpoint | undefined;
}

/** One dataset of a run, from "pending" to its end. */
export class DatasetTask {
  readonly plan: DatasetPlan;
  readonly account: Account;
  readonly sampler: Sampler;
  status: DatasetStatus = "pending";
  compiled: CompiledDataset | undefined;
  /** Rows to expect. */
  total: number | undefined;
  error: string | undefined;
  /** See `after` of DatasetPosition. */
  resumedAfter: string | null | undefined;
  /** Keys that an earlier run has written. */
  resumedKeys = 0;
  /** How often the connection to PostgreSQL was lost, and the dataset read again. */
  retries = 0;
  readonly #warnings: string[] = [];
  readonly #stop = new AbortController();
  #stopped: { readonly status: "failed" | "skipped"; readonly reason: string } | undefined;
  /** Why the connection to PostgreSQL was lost. */
  #reason = "";
  #startedAt = 0;
  #durationMs = 0;

  constructor(plan: DatasetPlan, sampleSize: number) {
    this.plan = plan;
    this.sampler = new Sampler(sampleSize);
    this.account = new Account(plan.name, (sample) => this.sampler.acknowledge(sample));
  }

  /** Reads and writes the dataset. Never rejects: what goes wrong is in `status` and `error`. */
  async run(connect: () => Promise<PostgresSession>, sink: Sink, style: HashStyle, how: TaskOptions): Promise<void> {
    const deadlineMs =
      this.plan.deadline === undefined
        ? how.deadlineMs
        : Math.min(this.plan.deadline * 1000, how.deadlineMs ?? Number.POSITIVE_INFINITY);
    const signal = AbortSignal.any([sink.signal, this.#stop.signal]);
    const timer = deadlineMs === undefined ? undefined : setTimeout(() => this.#late(deadlineMs), deadlineMs);
    this.status = "running";
    this.#startedAt = performance.now();
    try {
      const begin = this.account.mark();
      const retrying = { retries: how.retries, signal, onLost: (reason: string) => this.#lost(reason) };
      const writer = await withRetries(retrying, async (retry) => {
        const session = await connect();
        if (retry > 0) await this.#rewind(session, begin, how);
        return await this.#read(session, sink, retry > 0 ? { ...style, mayExist: true } : style, how, signal);
      });
      // It may have been aborted after the last row was sent, and before all were answered.
      sink.signal.throwIfAborted();
      this.#finish(writer, how.checkpoint);
    } catch (error) {
      if (sink.signal.aborted) this.fail(this.#aborted(sink));
      else if (this.#stopped !== undefined) this.#endEarly(this.#stopped);
      else this.fail(this.#postgresError(error, this.compiled as CompiledDataset));
    } finally {
      clearTimeout(timer);
      this.#durationMs = performance.now() - this.#startedAt;
    }
  }

  /** Reads all rows on one connection; those that came before an error are written too. */
  async #read(
    session: PostgresSession,
    sink: Sink,
    style: HashStyle,
    how: TaskOptions,
    signal: AbortSignal,
  ): Promise<DatasetWriter> {
    const compiled = this.compiled as CompiledDataset;
    const writer = new DatasetWriter(
      compiled,
      makeEncoder(compiled.value, style, sink.expiry, compiled),
      sink,
      this.account,
      this.sampler,
    );
    const rows = this.#stages(writer, compiled, sink, how);
    try {
      await session.transaction(how.statementTimeoutMs, () => session.copy(compiled.copy, rows, signal), signal);
    } finally {
      if (!sink.signal.aborted) await rows.drain();
      rows.close();
    }
    return writer;
  }

  #lost(reason: string): void {
    this.retries += 1;
    this.#reason = reason;
  }

  /** Before another attempt: back to the place that was noted last, or to the beginning where none was. */
  async #rewind(session: PostgresSession, begin: AccountMark, how: TaskOptions): Promise<void> {
    const noted = how.checkpoint?.positionOf(this.plan.name);
    if (this.compiled?.resumeColumn === undefined || noted === undefined) {
      this.account.rewind(begin);
      return;
    }
    const { rows, keys, failed, fresh, after } = noted;
    this.account.rewind({ rows, keys, failed, fresh });
    this.resumedAfter = after;
    const { total } = this;
    await how.prepare(session);
    this.total = total;
  }

  /** Goes on where an earlier run has stopped; before the query is compiled. */
  restore(position: DatasetPosition): void {
    const { rows, keys, failed, fresh, done, after } = position;
    Object.assign(this.account, { rows, keys, failed, fresh });
    this.resumedKeys = keys;
    this.#warnings.push(
      `${count(keys, "key")} had been written by an earlier run that did not come to its end; this one went on ` +
        (done ? "with the other datasets" : `after row ${rows}`),
    );
    if (done) this.status = "done";
    else this.resumedAfter = after;
  }

  /** Pending again, to be written from the beginning: nothing of what was counted holds any longer. */
  restart(): void {
    this.status = "pending";
    this.account.rewind({ rows: 0, keys: 0, failed: 0, skipped: 0, fresh: 0 });
    this.resumedAfter = undefined;
    this.resumedKeys = 0;
    this.#warnings.length = 0;
  }

  fail(message: string): void {
    this.status = "failed";
    this.error = message;
  }

  /** Does nothing where it has begun. */
  skipPending(reason: string): void {
    if (this.status === "pending") this.skip(`not started: ${reason.split("\n")[0]}`);
  }

  skip(reason: string): void {
    this.status = "skipped";
    this.error = reason;
  }

  /** Ends the dataset before its time: one that runs once its rows under way are answered. */
  stop(status: "failed" | "skipped", reason: string): void {
    if (this.status === "pending") this.#end(status, reason);
    if (this.status !== "running" || this.#stopped !== undefined) return;
    this.#stopped = { status, reason };
    this.#stop.abort(new Error(reason));
  }

  progress(): DatasetProgress {
    const { rows, keys, failed, bytes } = this.account;
    const { name, priority } = this.plan;
    const known = { name, priority, status: this.status, rows, keys, failed, bytes };
    return this.total === undefined ? known : { ...known, total: this.total };
  }

  outcome(): DatasetOutcome {
    const { name, priority } = this.plan;
    const { rows, keys, failed, fresh, skipped, bytes, failures, examples } = this.account;
    const durationMs = Math.round(this.status === "running" ? performance.now() - this.#startedAt : this.#durationMs);
    const outcome = {
      ...(this.retries > 0 && { retries: this.retries }),
      name,
      priority,
      status: this.status,
      rows,
      keys,
      failed,
      skipped,
      fresh,
      bytes,
      durationMs,
      failures,
      examples,
    };
    return this.error === undefined
      ? { ...outcome, warnings: this.#warnings }
      : { ...outcome, warnings: this.#warnings, error: this.error };
  }

  /** What rows pass on their way to Redis. */
  #stages(writer: DatasetWriter, dataset: CompiledDataset, sink: Sink, how: TaskOptions): RowStage {
    const { onlyMissing, checkpoint } = how;
    const { resumeColumn } = dataset;
    const chosen =
      onlyMissing === undefined
        ? writer
        : new OnlyMissingStage(writer, dataset, sink, this.account, onlyMissing.freshSeconds);
    if (checkpoint === undefined || resumeColumn === undefined) return chosen;
    const note = (position: DatasetPosition): void => checkpoint.note(this.plan.name, position);
    return new NotingStage(chosen, { ...dataset, resumeColumn }, this.account, note);
  }

  #finish(writer: DatasetWriter, checkpoint: RunCheckpoint | undefined): void {
    const { rows, keys, failed, fresh, skipped, failures, examples } = this.account;
    this.status = "done";
    checkpoint?.note(this.plan.name, { done: true, rows, keys, failed, fresh });
    if (rows === 0) this.#warnings.push("the query returned no rows");
    if (this.retries > 0) {
      const times = count(this.retries, "time");
      this.#warnings.push(`the connection to PostgreSQL was lost ${times}, and the rows read again: ${this.#reason}`);
    }
    for (const [code, times] of Object.entries(failures)) {
      const example = examples.find((each) => each.code === code);
      this.#warnings.push(
        `${count(times, "row")} failed with ${code}: ${example?.message ?? ""} (key "${example?.key ?? ""}")`,
      );
    }
    if (skipped > 0) this.#warnings.push(`${count(skipped, "row")} left out: the TTL was 0 or less`);
    this.#warnings.push(...writer.encoder.warnings());
    const duplicates = writer.duplicates.count;
    if (duplicates > 0) {
      const about = writer.duplicates.exact ? "" : "about ";
      this.#warnings.push(
        `${about}${count(duplicates, "row")} had a key that another row has as well; the last one was kept`,
      );
    }
    if (keys === 0 && failed > 0) {
      this.fail(
        `dataset "${this.plan.name}": none of its ${count(rows, "row")} became a key. ${this.#warnings[0] ?? ""}`,
      );
    }
  }

  #late(deadlineMs: number): void {
    const own = deadlineMs === (this.plan.deadline ?? 0) * 1000;
    const which = own
      ? `its deadline of ${deadlineMs / 1000} s`
      : `the deadline of ${deadlineMs / 1000} s for each dataset`;
    this.stop("failed", `${which} has passed`);
  }

  #endEarly({ status, reason }: { readonly status: "failed" | "skipped"; readonly reason: string }): void {
    const { rows, keys } = this.account;
    const of = this.total === undefined ? "" : ` of about ${this.total}`;
    this.#end(status, `dataset "${this.plan.name}": ${reason}; ${rows}${of} rows read, ${count(keys, "key")} written`);
  }

  #end(status: "failed" | "skipped", reason: string): void {
    this.status = status;
    this.error = reason;
  }

  #aborted(sink: Sink): string {
    const reason: unknown = sink.signal.reason;
    return reason instanceof Error ? reason.message : String(reason);
  }

  #postgresError(error: unknown, compiled: CompiledDataset): string {
    const cause = describePostgresError(error, compiled.copy);
    return `dataset "${compiled.name}": PostgreSQL ended the query: ${cause}. Query: ${showQuery(this.plan.query)}`;
  }
}
