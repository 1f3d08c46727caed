import type { Command } from "commander";
import { defaultThresholds, type Thresholds } from "../../ops/health/thresholds.ts";
import { share, wholeNumber } from "./command.ts";

/** Options that say from where on a cache is not healthy any more. */
export interface ThresholdOptions {
  readonly minHitRatio?: number;
  readonly minReads?: number;
  readonly certificateDays?: number;
  readonly timeout: number;
}

const { hitRatio, minReads, certificateDays } = defaultThresholds;

/** Adds them. */
export function withThresholdOptions(command: Command): Command {
  return command
    .option("--min-hit-ratio <share>", `hits of the users' reads, 0-1 (default: ${hitRatio.degraded})`, share)
    .option(
      "--min-reads <number>",
      `reads that a hit ratio needs to say anything (default: ${minReads})`,
      wholeNumber(1),
    )
    .option(
      "--certificate-days <days>",
      `days that certificates must still have (default: ${certificateDays.warning})`,
      wholeNumber(0),
    )
    .option("--timeout <seconds>", "for connecting to a server, and for each answer", wholeNumber(1, 3600), 3);
}

/** The thresholds that the options ask for. */
export function thresholdsOf(options: ThresholdOptions): Thresholds {
  const degraded = options.minHitRatio ?? hitRatio.degraded;
  const warning = options.certificateDays ?? certificateDays.warning;
  return {
    ...defaultThresholds,
    minReads: options.minReads ?? minReads,
    hitRatio: {
      degraded,
      target: Math.max(degraded, hitRatio.target),
      low: Math.min(degraded, hitRatio.low),
      critical: Math.min(degraded, hitRatio.critical),
    },
    certificateDays: { warning, critical: Math.min(warning, certificateDays.critical) },
  };
}
