import { randomBytes } from "node:crypto";
import * as z from "zod";
import { endpointSchema } from "../contract/endpoint.ts";
import type { HandlerRequest, OperationContext, OperationHandler, OperationResult } from "../contract/operation.ts";
import { type WarmControls, warmRequestSchema } from "../contract/warming.ts";
import type { ControlOptions } from "../warmer/pacing/controls.ts";
import { CacheReader } from "../warmer/reader.ts";
import { formatReport } from "../warmer/report.ts";
import { runWarming } from "../warmer/run-warming.ts";
import { checkWarming, resolvePlan } from "./warm-check.ts";
import { warmFailure } from "./warm-failure.ts";
import { type Markers, missingMarker, removeMarkers, writeMarkers } from "./warm-marker.ts";

const id = "warm";

/** Time for a look at a server that may be gone. */
const lookTimeoutMs = 3000;

/** What `read` and `delete` need of the outputs of the run before. */
const knownSchema = z.object({
  endpoint: endpointSchema,
  warmerEndpoint: endpointSchema.optional(),
  runId: z.string().optional(),
  markers: z.array(z.string()).optional(),
});

/**
 * The operation `warm`: fills the cache and proves it warm.
 *
 * - `create`, `update`: run. Outputs `report`, `runId` and `markers`. A missed gate or a run that failed after
 *   writing fails with the report so far and a `drift`, so that the next `up` runs again.
 * - `read`: looks for the markers; `drift` says what became of them.
 * - `delete`: removes the markers where the servers still answer. The warmed keys stay: they expire.
 * - `check`: what is wrong with plan, source and endpoint.
 */
export const warm: OperationHandler = async (request, context) => {
  switch (request.action) {
    case "check":
      return { failures: checkWarming(request.inputs) };
    case "create":
    case "update":
      return await run(request, context);
    case "read":
      return { id: request.id, outputs: await look(request.inputs) };
    case "delete":
      await forget(request.inputs);
      return {};
  }
};

async function run(request: HandlerRequest, context: OperationContext): Promise<OperationResult> {
  const inputs = warmRequestSchema.parse(request.inputs);
  const { shard, parts } = inputs;
  if (parts !== undefined) return await (await import("./warm-proof.ts")).proveWarm({ ...inputs, parts }, context);
  const runId = randomBytes(12).toString("hex");
  let markers: Markers = [];
  const report = await runWarming({
    endpoint: inputs.endpoint,
    warmerEndpoint: inputs.warmerEndpoint,
    plan: resolvePlan(inputs.plan),
    source: inputs.source,
    gate: inputs.gate,
    ...runControls(inputs.controls ?? {}),
    ...(shard !== undefined && { shard }),
    deadlineMs: request.deadlineMs,
    signal: context.signal,
    progress: context.progress,
    whenWarm: async (reader) => {
      if (shard !== undefined) return;
      markers = await writeMarkers(reader.client, nameOf(request), runId);
    },
  });
  // Whether the whole is warm is seen when all parts have ended.
  if (shard !== undefined) return { id, outputs: { report } };
  if (!report.ok) throw warmFailure(report);
  const noTraffic = report.validation?.verdict === "no-traffic" && inputs.gate.onNoTraffic === "warn";
  if (noTraffic) {
    context.progress("warning: there were no requests to replay, so no hit ratio can be stated");
  }
  context.progress(formatReport(report));
  return { id, outputs: { report, runId, markers } };
}

/** An update that was killed is followed by one that waits for its lock to expire, and goes on where it was. */
function runControls({ onBusy = "wait", resume = true, keysPerSecond, bytesPerSecond, ...controls }: WarmControls) {
  const limits = { keysPerSecond, bytesPerSecond };
  // Properties that are undefined are as good as absent.
  return { onBusy, resume, controls: { ...(controls as ControlOptions), limits } };
}

async function look(outputs: Record<string, unknown>): Promise<Record<string, unknown>> {
  const known = knownSchema.safeParse(outputs);
  const { runId, markers } = known.data ?? {};
  if (known.data === undefined || runId === undefined || markers === undefined) {
    return { drift: "the last run did not finish" };
  }
  let reader: CacheReader | undefined;
  try {
    reader = await CacheReader.open(known.data.warmerEndpoint ?? known.data.endpoint, lookTimeoutMs);
    const drift = await missingMarker(reader.client, markers, runId);
    return drift === undefined ? {} : { drift };
  } catch (error) {
    return { drift: `cache cannot be looked at: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    reader?.close();
  }
}

async function forget(outputs: Record<string, unknown>): Promise<void> {
  const known = knownSchema.safeParse(outputs).data;
  if (known?.runId === undefined || known.markers === undefined) {
    return;
  }
  let reader: CacheReader | undefined;
  try {
    reader = await CacheReader.open(known.warmerEndpoint ?? known.endpoint, lookTimeoutMs);
    await removeMarkers(reader.client, known.markers, known.runId);
  } catch {
    // A server that is gone has no marker either.
  } finally {
    reader?.close();
  }
}

function nameOf(request: HandlerRequest): string {
  return typeof request.inputs.name === "string" ? request.inputs.name : id;
}
