import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import type { RunIdentity } from "../../warmer/open-metrics/run-labels.ts";
import type { MetricsOutput } from "../display/metered-display.ts";
import { wholeNumber } from "./command.ts";
import { InputError } from "./inputs.ts";

/** Options by which Prometheus is told of a run. */
export interface MetricsOptions {
  readonly metrics?: string;
  readonly metricsPort?: number;
  readonly metricsHost: string;
}

/** For commands that end at once. */
export const metricsOption = [
  "--metrics <file>",
  "write the figures for node_exporter's textfile collector as well (.prom)",
] as const;

/** Adds the options for a run that can be watched. */
export function withMetricsOptions(command: Command): Command {
  return command
    .option(...metricsOption)
    .option(
      "--metrics-port <port>",
      "answer /metrics over HTTP as long as this runs; 0: any port",
      wholeNumber(0, 65_535),
    )
    .option("--metrics-host <address>", "where to listen for it", "127.0.0.1");
}

/**
 * Whether the metrics can be written there: known before a run that takes minutes.
 *
 * @throws InputError naming the file and what is wrong.
 */
export async function checkMetricsFile(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  if (!file.endsWith(".prom")) {
    throw new InputError(`--metrics: ${file} does not end in .prom, and node_exporter reads only files that do.`);
  }
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--metrics: the folder ${dirname(file)} cannot be written to (${code}).`);
  }
}

/** Opens what the options ask for; undefined where they ask for nothing. */
export async function openMetrics(options: MetricsOptions, identity: RunIdentity): Promise<MetricsOutput | undefined> {
  const { metrics: file, metricsPort: port, metricsHost: host } = options;
  if (file === undefined && port === undefined) return undefined;
  const { RunMetrics } = await import("../display/run-metrics.ts");
  return await RunMetrics.open({ identity, file, ...(port !== undefined && { listen: { host, port } }) });
}
