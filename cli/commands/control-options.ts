import { type Command, InvalidArgumentError, Option } from "commander";
import type { ControlOptions } from "../../warmer/pacing/controls.ts";
import { share, wholeNumber } from "./command.ts";

/** Options of `hearth warm` for pace, memory, and what to leave alone. */
export interface ControlCommandOptions {
  readonly keysPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly latencyCeiling?: number;
  readonly headroom?: number;
  readonly memoryGuard: boolean;
  readonly datasetDeadline?: number;
  readonly retries?: number;
  readonly onlyMissing?: boolean;
  readonly freshFor?: number;
  readonly resume: boolean;
  readonly onBusy: "fail" | "wait";
}

/** Adds them. */
export function withControlOptions(command: Command): Command {
  return command
    .option("--keys-per-second <number>", "keys written per second, at most", wholeNumber(1))
    .option("--bytes-per-second <number>", "bytes sent per second, at most", wholeNumber(1000))
    .option(
      "--latency-ceiling <milliseconds>",
      "write more slowly when PING's 95th percentile passes this; 0: never (default: 5)",
      milliseconds,
    )
    .option("--headroom <share>", "share of maxmemory that stays free, 0-1 (default: 0.1)", share)
    .option("--no-memory-guard", "write even where the plan does not fit below maxmemory")
    .option("--dataset-deadline <seconds>", "time for each dataset", wholeNumber(1))
    .option(
      "--retries <number>",
      "how often a dataset is read again after the connection to PostgreSQL was lost (default: 3)",
      wholeNumber(0, 100),
    )
    .option("--only-missing", "leave keys alone that are there already")
    .option("--fresh-for <seconds>", "with --only-missing: renew keys that would expire sooner", wholeNumber(0))
    .option("--no-resume", "begin again, also where a run that died had come some way")
    .addOption(
      new Option("--on-busy <what>", "when another warmer is at work on the plan")
        .choices(["fail", "wait"])
        .default("fail"),
    );
}

/** What they ask of the warmer. */
export function controlsOf(options: ControlCommandOptions): ControlOptions {
  const { keysPerSecond, bytesPerSecond, latencyCeiling, headroom, datasetDeadline, retries } = options;
  return {
    limits: { keysPerSecond, bytesPerSecond },
    ...(latencyCeiling !== undefined && { latencyCeilingMs: latencyCeiling === 0 ? null : latencyCeiling }),
    ...(headroom !== undefined && { headroom: Math.min(headroom, 0.99) }),
    ...(!options.memoryGuard && { headroom: null }),
    ...(datasetDeadline !== undefined && { datasetDeadlineMs: datasetDeadline * 1000 }),
    ...(retries !== undefined && { retries }),
    ...(options.onlyMissing === true && { onlyMissing: { freshSeconds: options.freshFor ?? 0 } }),
  };
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value === 0 || (value >= 0.1 && value <= 60_000))) {
    throw new InvalidArgumentError("Allowed are milliseconds from 0.1 to 60000, or 0 for no ceiling.");
  }
  return value;
}
