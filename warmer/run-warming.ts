import { setTimeout as delay } from "node:timers/promises";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Gate, ValidationReport, WarmReport, WarmSource } from "../contract/warming.ts";
import { keepHeapSmall } from "./heap.ts";
import type { ControlOptions } from "./pacing/controls.ts";
import type { WarmPlan } from "./plan.ts";
import { progressReporter } from "./progress.ts";
import { CacheReader } from "./reader.ts";
import { type Replay, readReplay } from "./replay.ts";
import { makeReport } from "./report.ts";
import { type Hold, type HoldOptions, holdCache } from "./resume/hold.ts";
import { gateOfShard } from "./shard.ts";
import { type OpenSource, openSource } from "./source.ts";
import { TimelineRecorder } from "./timeline.ts";
import type { HashEngine, Progress, Shard, WarmOutcome } from "./types.ts";
import { countHits, sumOf, validate } from "./validate.ts";
import { warm } from "./warm.ts";

export interface RunOptions extends HoldOptions {
  /** The application's way to the cache: validation looks through it. */
  readonly endpoint: Endpoint;
  /** The warmer's own way to the same data: rows, lock and notes are written over it. @default endpoint */
  readonly warmerEndpoint?: Endpoint | undefined;
  readonly plan: WarmPlan;
  readonly source: WarmSource;
  readonly gate: Gate;
  /** Milliseconds for everything together. @default 300000 */
  readonly deadlineMs?: number;
  readonly engine?: "auto" | HashEngine;
  /** Pace, memory, what to leave alone. */
  readonly controls?: Omit<ControlOptions, "checkpoint" | "ownKeys">;
  /** Write, and look at, only this part of every dataset; each part has a lock and notes of its own. @default all */
  readonly shard?: Shard;
  readonly signal?: AbortSignal;
  /** One line for people, at most one a second. */
  readonly progress?: (line: string) => void;
  /** One line for people, that matters now: a database is made, another warmer is waited for. @default progress */
  readonly note?: (line: string) => void;
  /** For displays: whenever something changes, and several times a second while rows flow. */
  readonly onProgress?: (progress: Progress) => void;
  /** What the run turns to, as soon as it does. */
  readonly onStep?: (step: RunStep) => void;
  /** What else the run must do before it counts as done, with the connection still open; not after a failure. */
  readonly whenWarm?: (reader: CacheReader) => Promise<void>;
}

/** Connections of a run: the warmer's own, and the application's; the same one where they have the same user. */
interface Readers {
  readonly warmer: CacheReader;
  readonly application: CacheReader;
}

/** What a run does, in this order: the database is found or started, the cache looked at, filled, and proven warm. */
export type RunStep = "connecting" | "looking" | "warming" | "validating";

/** Time that is kept back from writing for validation: a twentieth, at most 5 s. */
const validationShare = 0.05;

const repairNote =
  "another server, or a restarted one, is primary by now, and may have lost keys: all rows are written again";

/** A longer deadline is taken for a day, which the warmer allows at most. */
const longestMs = 86_400_000;

/**
 * The whole of warming: source, writing, validation, report. Starts the demo database where that is the
 * source, while the connection to Redis is made, and stops it in the end.
 *
 * Resolves to a report also when a dataset failed or the gate was missed (`ok` is false then).
 *
 * @throws when nothing could be begun: no Redis, no source.
 */
export async function runWarming(options: RunOptions): Promise<WarmReport> {
  const deadline = Date.now() + (options.deadlineMs ?? 300_000);
  const left = () => Math.max(1, deadline - Date.now());
  const note = options.note ?? options.progress;
  options.onStep?.("connecting");
  const [source, readers] = await both(
    openSource(options.source, { signal: options.signal, progress: note }),
    openReaders(options, Math.min(left(), 10_000)),
  );
  const giveUp = new AbortController();
  const leaveHeap = keepHeapSmall();
  let hold: Hold | undefined;
  try {
    const { plan, shard } = options;
    hold = await holdCache(readers.warmer.client, options, {
      ...{ plan: plan.name, shard, progress: note, signal: options.signal, waitMs: left() },
    });
    for (const reader of Object.values(readers)) reader.ownKeys = hold.ownKeys;
    for (const warning of hold.warnings) note?.(warning);
    // Which requests to replay is read while the datasets are: the answer waits for no one.
    const signal = options.signal === undefined ? giveUp.signal : AbortSignal.any([options.signal, giveUp.signal]);
    const replay = settled(readReplay({ plan, postgresUrl: source.url, timeoutMs: left(), signal, shard }));
    options.onStep?.("looking");
    const hitsBefore = await hitsBeforeWarming(readers, replay, left(), options.signal);
    options.onStep?.("warming");
    const recorder = new TimelineRecorder();
    const lines = options.progress === undefined ? undefined : progressReporter(options.progress);
    let repairing = false;
    const kept = Math.min(5000, left() * validationShare);
    const outcome = await warm({
      endpoint: options.warmerEndpoint ?? options.endpoint,
      plan: options.plan,
      postgresUrl: source.url,
      deadlineMs: Math.min(Math.ceil(left() - kept), longestMs),
      ...(options.engine !== undefined && { engine: options.engine }),
      ...(options.shard !== undefined && { shard: options.shard }),
      ...(hold.signal !== undefined && { signal: hold.signal }),
      ...options.controls,
      ...(hold.checkpoint !== undefined && { checkpoint: hold.checkpoint }),
      ownKeys: hold.ownKeys,
      onProgress: (progress) => {
        if (progress.repairing === true && !repairing) note?.(repairNote);
        repairing = progress.repairing === true;
        recorder.add(progress);
        lines?.(progress);
        options.onProgress?.(progress);
      },
    });
    if (!outcome.ok) return makeReport(outcome, null, undefined, recorder);
    options.onStep?.("validating");
    return await conclude(
      outcome,
      { replay: await replay, hitsBefore, recorder, postgresUrl: source.url },
      options,
      readers,
    );
  } finally {
    giveUp.abort(new Error("the run has ended"));
    leaveHeap();
    await hold?.release();
    closeAll(readers);
    await source.stop();
  }
}

/**
 * How many of the requests to replay hit before anything is written: none in an empty cache, which costs nothing to
 * know. Another cache is asked, if the requests are read within a tenth of the time; undefined if not.
 */
async function hitsBeforeWarming(
  { warmer, application }: Readers,
  replay: Promise<Settled<Replay>>,
  leftMs: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  // What is wrong with either side is told by the run itself.
  const size = await warmer.size().catch(() => undefined);
  if (size === 0) return 0;
  const waiting = new AbortController();
  const late = delay(Math.min(10_000, leftMs / 10), undefined, { signal: waiting.signal }).catch(() => undefined);
  try {
    const read = await Promise.race([replay, late]);
    if (read === undefined || "error" in read) return undefined;
    return sumOf((await countHits(application, read.value, signal)).hits);
  } catch {
    return undefined;
  } finally {
    waiting.abort();
  }
}

/** What validation needs besides the options of the run. */
interface Prepared {
  readonly replay: Settled<Replay>;
  readonly hitsBefore: number | undefined;
  readonly recorder: TimelineRecorder;
  readonly postgresUrl: string;
}

async function conclude(
  outcome: WarmOutcome,
  { replay, hitsBefore, recorder, postgresUrl }: Prepared,
  options: RunOptions,
  { warmer, application }: Readers,
): Promise<WarmReport> {
  let validation: ValidationReport | null = null;
  try {
    if (outcome.repaired !== undefined) {
      for (const reader of new Set([warmer, application])) await reader.reconnect();
    }
    if ("error" in replay) {
      throw replay.error;
    }
    validation = await validate({
      endpoint: options.endpoint,
      gate: gateOfShard(options.gate, options.shard),
      written: { keys: outcome.keys + freshKeys(outcome), samples: outcome.samples, part: options.shard !== undefined },
      replay: replay.value,
      reader: application,
      measure: { plan: options.plan, postgresUrl },
      ...(hitsBefore !== undefined && { hitsBefore }),
      ...(options.signal !== undefined && { signal: options.signal }),
    });
    const report = makeReport(outcome, validation, undefined, recorder);
    if (report.ok) {
      await options.whenWarm?.(warmer);
    }
    return report;
  } catch (error) {
    return makeReport(outcome, validation, error instanceof Error ? error.message : String(error), recorder);
  }
}

/** Keys that are in the cache as asked for, although this run has not written them. */
function freshKeys(outcome: WarmOutcome): number {
  return outcome.datasets.reduce((sum, { fresh = 0 }) => sum + fresh, 0);
}

/** The application's user may be allowed much less than the warmer's: each is tried before anything is written. */
async function openReaders({ endpoint, warmerEndpoint }: RunOptions, timeoutMs: number): Promise<Readers> {
  const warmer = await CacheReader.open(warmerEndpoint ?? endpoint, timeoutMs);
  if (warmerEndpoint === undefined) return { warmer, application: warmer };
  try {
    return { warmer, application: await CacheReader.open(endpoint, timeoutMs, { readyCheck: false }) };
  } catch (error) {
    warmer.close();
    throw error;
  }
}

function closeAll({ warmer, application }: Readers): void {
  warmer.close();
  if (application !== warmer) application.close();
}

/** Waits for both, and closes the one that came when the other did not. */
async function both(opening: Promise<OpenSource>, connecting: Promise<Readers>): Promise<[OpenSource, Readers]> {
  const [source, readers] = await Promise.allSettled([opening, connecting]);
  if (source.status === "fulfilled" && readers.status === "fulfilled") {
    return [source.value, readers.value];
  }
  if (source.status === "fulfilled") {
    await source.value.stop();
  }
  if (readers.status === "fulfilled") {
    closeAll(readers.value);
  }
  throw source.status === "rejected" ? source.reason : (readers as PromiseRejectedResult).reason;
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

/** The promise's end as a value, so that a failure waits until somebody asks. */
function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}
