import { randomBytes } from "node:crypto";
import type { OperationContext, OperationResult } from "../../contract/operation.ts";
import type { ValidationReport, WarmControls, WarmReport } from "../../contract/warming.ts";
import { hitRatioBefore, mergeReadBack, mergeReports } from "../../warmer/merge-reports.ts";
import { formatReport } from "../../warmer/report.ts";
import { readBackProblems } from "../../warmer/validate.ts";
import type { RunnerRequest } from "../runner/on-network.ts";
import { warmFailure } from "../warm-failure.ts";
import { type Outcome, resultOf } from "./answers.ts";
import type { PartsAsked } from "./cluster-runner.ts";

/** Share of the time that is kept back for the gate, with a Job of its own; milliseconds at least. */
const keptShare = 0.1;
const keptMs = 15_000;

/**
 * Warms in so many pods at once, each a disjoint part of every dataset; then the gate, once, for the whole. As `warm`
 * itself, with one report of all parts.
 * @param ask has pods do a warming request
 */
export async function warmInParts(
  shards: number,
  request: RunnerRequest,
  ask: (asked: PartsAsked) => Promise<Outcome[][]>,
  { progress }: OperationContext,
): Promise<OperationResult> {
  const until = performance.now() + request.deadlineMs;
  const { shards: _, ...inputs } = request.inputs;
  const part = {
    ...request,
    inputs: {
      ...inputs,
      shard: { index: 0, count: shards },
      ...(inputs.controls !== undefined && { controls: shareOf(inputs.controls as WarmControls, shards) }),
    },
    deadlineMs: Math.round(
      request.deadlineMs - Math.min(request.deadlineMs / 2, Math.max(keptMs, request.deadlineMs * keptShare)),
    ),
  };
  progress(`warming in ${shards} pods at once`);
  const outcomes = (await ask({ requests: [part], completions: shards })).map(([outcome]) => outcome);
  const reports = outcomes.flatMap(reportOf);
  const failed = outcomes.findIndex((outcome) => outcome === undefined || "error" in outcome);
  if (failed >= 0) {
    const error = `part ${failed + 1} of ${shards}: ${errorOf(outcomes[failed])}`;
    if (reports.length === 0) throw new Error(`Warming failed: ${error}`);
    throw warmFailure(mergeReports(reports, null, error));
  }
  const unproven = mergeReports(reports, null);
  if (unproven.error !== undefined) throw warmFailure(unproven);
  const runId = randomBytes(12).toString("hex");
  const ratio = hitRatioBefore(reports);
  const fresh = unproven.datasets.reduce((sum, dataset) => sum + (dataset.fresh ?? 0), 0);
  const parts = { keys: unproven.keys + fresh, runId, ...(ratio !== undefined && { hitRatioBefore: ratio }) };
  const deadlineMs = Math.max(1000, Math.round(until - performance.now()));
  const [proof] = await ask({ requests: [{ ...request, inputs: { ...inputs, parts }, deadlineMs }] });
  const { validation, markers } = resultOf(proof?.[0]).outputs as { validation: ValidationReport; markers: string[] };
  const report = mergeReports(reports, withReadBack(validation, reports));
  if (!report.ok) throw warmFailure(report);
  progress(formatReport(report));
  return { id: "warm", outputs: { report, runId, markers } };
}

/** Limits are those of the whole run. */
function shareOf({ keysPerSecond, bytesPerSecond, ...controls }: WarmControls, shards: number): WarmControls {
  return {
    ...controls,
    ...(keysPerSecond !== undefined && { keysPerSecond: Math.max(1, Math.floor(keysPerSecond / shards)) }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond: Math.max(1000, Math.floor(bytesPerSecond / shards)) }),
  };
}

function reportOf(outcome: Outcome | undefined): WarmReport[] {
  if (outcome === undefined) return [];
  const { outputs } = "result" in outcome ? outcome.result : outcome.error;
  const { report } = (outputs ?? {}) as { report?: WarmReport };
  return report === undefined ? [] : [report];
}

function errorOf(outcome: Outcome | undefined): string {
  return outcome === undefined || !("error" in outcome) ? "no answer" : outcome.error.message;
}

/** Each part has read back what it wrote. */
function withReadBack(validation: ValidationReport, parts: readonly WarmReport[]): ValidationReport {
  const readBack = mergeReadBack(parts);
  const problems = [...validation.problems, ...readBackProblems(readBack)];
  return { ...validation, readBack, problems, verdict: problems.length > 0 ? "cold" : validation.verdict };
}
