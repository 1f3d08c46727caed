import type { Endpoint } from "../contract/endpoint.ts";
import type { Gate, LatencyReport, ReplayReport, ValidationReport } from "../contract/warming.ts";
import { compareSample, readableKey } from "./compare.ts";
import { ratioInterval } from "./confidence.ts";
import { CacheReader, DeniedError } from "./reader.ts";
import type { Replay, ReplayedKey } from "./replay.ts";
import { type MeasureOptions, measureResponseTimes, openLookups } from "./response-times.ts";
import type { WrittenSample } from "./types.ts";

export interface ValidateOptions {
  /** The application's own way to the cache. */
  readonly endpoint: Endpoint;
  readonly gate: Gate;
  /** What a run wrote; absent when a cache is looked at that was warmed earlier. */
  readonly written?: {
    readonly keys: number;
    readonly samples: readonly WrittenSample[];
    /** Whether it was one of several parts, which may be empty. */
    readonly part?: boolean;
  };
  readonly replay: Replay;
  /** Of the same requests, how many hit before the first key was written: see {@link countHits}. */
  readonly hitsBefore?: number;
  /** With what response times are measured; they are left out without it. */
  readonly measure?: MeasureOptions;
  /** A connection to `endpoint` that is open already; it stays open. @default one of its own */
  readonly reader?: CacheReader;
  readonly signal?: AbortSignal;
  /** Milliseconds for connecting, and for each command. @default 5000 */
  readonly timeoutMs?: number;
}

/** Commands that are under way at once: more would only be more objects. */
const batch = 200;

/** Mismatches, and missed keys, that a report quotes. */
const examples = 5;

/**
 * Looks through the application's endpoint whether the cache is warm: reads back a sample of what was
 * written, puts requests to the cache as users do, and compares both with the gate.
 *
 * Hits are counted from the replies to our own EXISTS, one for each request. The servers' counters
 * (`keyspace_hits`) are not looked at: they count everybody's reads, the warmer's own included, and start
 * at any time.
 *
 * @throws when Redis cannot be read at all; a cold cache is a report, not an error.
 */
export async function validate(options: ValidateOptions): Promise<ValidationReport> {
  const reader = options.reader ?? (await CacheReader.open(options.endpoint, options.timeoutMs, { readyCheck: false }));
  // PostgreSQL starts a process for it meanwhile.
  const opening = options.measure === undefined ? Promise.resolve(null) : openLookups(options.measure);
  try {
    const readBack = await readBackSamples(reader, options.written?.samples ?? [], options.signal);
    const { hits, misses } = await countHits(reader, options.replay, options.signal);
    const replay = replayReport(options.replay, sumOf(hits), options.hitsBefore);
    const latency = await measure(reader, hits, opening, options);
    const size = await reader.size();
    const problems = [
      ...(options.written?.part === true && options.written.keys === 0
        ? []
        : keyProblems(options.gate, options.written?.keys, size)),
      ...readBackProblems(readBack),
      ...ratioProblems(options.gate, replay, misses),
    ];
    const noTraffic = replay.requests === 0;
    const verdict = problems.length > 0 ? "cold" : noTraffic ? "no-traffic" : "warm";
    if (noTraffic && options.gate.onNoTraffic === "fail") {
      problems.push(
        "there were no requests to replay, so no hit ratio can be stated. Give the plan a `replay` query that finds " +
          'some, or set onNoTraffic to "warn" or "pass"',
      );
    }
    return { readBack, replay, latency, verdict, problems };
  } finally {
    // Nobody waits until PostgreSQL has said goodbye.
    void opening.then((session) => session?.close());
    if (options.reader === undefined) {
      reader.close();
    }
  }
}

/** Whether the gate lets this pass. Without traffic it does only where `onNoTraffic` says so. */
export function passes(report: ValidationReport): boolean {
  return report.problems.length === 0;
}

async function readBackSamples(
  reader: CacheReader,
  samples: readonly WrittenSample[],
  signal: AbortSignal | undefined,
): Promise<ValidationReport["readBack"]> {
  // Of a key that was written twice, the last value counts.
  const latest = new Map(
    [...samples].sort((a, b) => a.writtenAt - b.writtenAt).map((sample) => [sample.key.toString("latin1"), sample]),
  );
  const wanted = [...latest.values()];
  const mismatches: string[] = [];
  let matching = 0;
  for (let from = 0; from < wanted.length; from += batch) {
    signal?.throwIfAborted();
    const part = wanted.slice(from, from + batch);
    const stored = await Promise.all(part.map((sample) => reader.read(sample.key, sample.value.type)));
    const now = Date.now();
    part.forEach((sample, index) => {
      const found = stored[index];
      const mismatch = found === undefined ? "was not read" : compareSample(sample, found, now);
      if (mismatch === undefined) {
        matching += 1;
      } else if (mismatches.length < examples) {
        mismatches.push(`${sample.dataset}: ${readableKey(sample.key)} ${mismatch}`);
      }
    });
  }
  return { sampled: wanted.length, matching, mismatches };
}

/** Puts the requests to the cache, those for one key together: which keys hit, and examples of those that missed. */
export async function countHits(
  reader: CacheReader,
  { keys }: Replay,
  signal?: AbortSignal,
): Promise<{ readonly hits: readonly ReplayedKey[]; readonly misses: readonly string[] }> {
  const hits: ReplayedKey[] = [];
  const misses: string[] = [];
  for (let from = 0; from < keys.length; from += batch) {
    signal?.throwIfAborted();
    const part = keys.slice(from, from + batch);
    const found = await reader.exists(part.map(({ key }) => key));
    part.forEach((asked, index) => {
      if (found[index] === true) hits.push(asked);
      else if (misses.length < examples) misses.push(asked.key);
    });
  }
  return { hits, misses };
}

/** Requests for these keys. */
export function sumOf(keys: readonly ReplayedKey[]): number {
  return keys.reduce((sum, { requests }) => sum + requests, 0);
}

function replayReport({ source, keys, population }: Replay, hits: number, hitsBefore?: number): ReplayReport {
  const requests = sumOf(keys);
  const hitRatio = requests === 0 ? null : hits / requests;
  const before =
    hitsBefore === undefined || requests === 0 ? null : { hits: hitsBefore, hitRatio: hitsBefore / requests };
  return {
    source,
    requests,
    hits,
    hitRatio,
    population,
    interval: ratioInterval(hits, requests, population),
    before,
    improvement: before === null ? null : (hits - before.hits) / requests,
  };
}

/**
 * Response times are for the reader's interest: that they cannot be measured is no reason to fail. That the
 * application may not read what it is to find is one.
 */
async function measure(
  reader: CacheReader,
  hits: readonly ReplayedKey[],
  lookups: ReturnType<typeof openLookups>,
  options: ValidateOptions,
): Promise<LatencyReport | null> {
  if (options.measure === undefined) return null;
  try {
    return await measureResponseTimes(reader, hits, options.measure, lookups, options.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof DeniedError) throw error;
    return null;
  }
}

function keyProblems(gate: Gate, written: number | undefined, size: number | undefined): string[] {
  if (size === 0) {
    return ["the cache holds no keys at all"];
  }
  if (written === 0) {
    return ["no key was written: every dataset is empty. Look at the queries and their parameters"];
  }
  const count = written ?? size;
  if (count !== undefined && count < gate.minKeys) {
    const what = written === undefined ? "keys are in the cache" : "keys were written";
    return [
      `${number(count)} ${what}, and minKeys asks for ${number(gate.minKeys)}. Look at the datasets' rows and limits, ` +
        "or lower minKeys",
    ];
  }
  return [];
}

/** What reading back found wrong, in words; empty when nothing. */
export function readBackProblems({ sampled, matching, mismatches }: ValidationReport["readBack"]): string[] {
  if (matching === sampled) {
    return [];
  }
  return [
    `${number(sampled - matching)} of ${number(sampled)} keys read back are not what was written: ` +
      `${mismatches.join("; ")}. Eviction (maxmemory), or another writer of the same keys, does this`,
  ];
}

function ratioProblems(gate: Gate, replay: ValidationReport["replay"], misses: readonly string[]): string[] {
  const { hitRatio, requests, source } = replay;
  if (hitRatio === null || hitRatio >= gate.minHitRatio) {
    return [];
  }
  const advice =
    source === "access-log"
      ? "Warm more of what users ask for (the datasets' limits and queries), or lower minHitRatio"
      : "Keys that were to be warmed are not there: look for eviction (maxmemory) and for short times to live";
  return [
    `hit ratio ${ratioText(hitRatio, gate.minHitRatio)} of ${number(requests)} replayed requests is below minHitRatio ` +
      `${gate.minHitRatio}; missed for example ${misses.map((key) => readableKey(key)).join(", ")}. ${advice}`,
  ];
}

/** Two decimals, or as many as it takes to see that the ratio is below the limit. */
function ratioText(ratio: number, limit: number): string {
  for (let digits = 2; digits < 6; digits++) {
    if (Number(ratio.toFixed(digits)) < limit) {
      return ratio.toFixed(digits);
    }
  }
  return String(ratio);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
