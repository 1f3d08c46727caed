import type { Command } from "commander";
import type { WatchOptions, WatchReason } from "../../warmer/resume/watch.ts";
import { share, wholeNumber } from "./command.ts";

/** Options of `hearth warm --watch`. */
export interface WatchCommandOptions {
  readonly watch?: boolean;
  readonly every?: number;
  readonly firstAfter?: number;
  readonly minHitRate?: number;
  readonly hitWindow?: number;
  readonly minReads?: number;
}

/** Adds them. */
export function withWatchOptions(command: Command): Command {
  return command
    .option("--watch", "warm again and again: by the clock, and when the users' hit rate falls; ends by a signal")
    .option("--every <seconds>", "with --watch: from one run to the next (default: 1800)", wholeNumber(1))
    .option("--first-after <seconds>", "with --watch: before the first run (default: 30)", wholeNumber(0))
    .option("--min-hit-rate <share>", "with --watch: hits of the users' reads, 0-1 (default: 0.85)", share)
    .option("--hit-window <seconds>", "with --watch: over which they are counted (default: 60)", wholeNumber(1))
    .option(
      "--min-reads <number>",
      "with --watch: reads that a window must have to count (default: 100)",
      wholeNumber(1),
    );
}

/** What they ask of the watch. */
export function watchOf(
  options: WatchCommandOptions,
): Pick<WatchOptions, "everyMs" | "firstAfterMs" | "minHitRate" | "windowMs" | "minReads"> {
  const toMs = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : seconds * 1000;
  return {
    everyMs: toMs(options.every),
    firstAfterMs: toMs(options.firstAfter),
    minHitRate: options.minHitRate,
    windowMs: toMs(options.hitWindow),
    minReads: options.minReads,
  };
}

/** One line about the beginning of a run. */
export function describeReason(reason: WatchReason): string {
  switch (reason.kind) {
    case "first":
      return "warming for the first time";
    case "schedule":
      return "warming again: it is time";
    case "hit-rate":
      return `warming again: ${(reason.hitRate * 100).toFixed(1)} % of ${reason.reads} reads hit`;
  }
}
