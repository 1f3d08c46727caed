import { OperationFailure } from "../contract/operation.ts";
import type { WarmReport } from "../contract/warming.ts";
import { count } from "../warmer/figures.ts";

/** A run without effects leaves nothing to be known; one with effects is repeated by the next `up`. */
export function warmFailure(report: WarmReport): Error {
  const written = `${count(report.keys)} keys were written`;
  const problems = report.validation?.problems ?? [];
  const message =
    report.error !== undefined
      ? `Warming failed: ${report.error.replace(/\.$/, "")}; ${written}.${argumentsOf(report.error)}`
      : `The cache is not warm: ${[...problems, ...emptyDatasets(report)].join("; ")}. ${written}.`;
  if (report.keys === 0) {
    return new Error(message);
  }
  const drift = report.error === undefined ? "the gate was missed" : "the last run failed";
  return new OperationFailure(message, "warm", { report, drift });
}

/** The warmer speaks of any Redis: which arguments of ours its words are. */
function argumentsOf(error: string): string {
  return /\bmaxmemory\b/.test(error) ? " maxmemory is set by memory (hearth:memory), its policy by eviction." : "";
}

/** What wrote nothing, and why: the likely reason why the cache is not warm. */
function emptyDatasets(report: WarmReport): string[] {
  const empty = report.datasets.filter(({ keys }) => keys === 0);
  return empty.map(({ name, error, warnings }) => `dataset ${name}: ${error ?? warnings[0] ?? "wrote no key"}`);
}
