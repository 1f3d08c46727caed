import type * as z from "zod";
import type { OperationContext, OperationResult } from "../contract/operation.ts";
import type { warmRequestSchema } from "../contract/warming.ts";
import { CacheReader } from "../warmer/reader.ts";
import { readReplay } from "../warmer/replay.ts";
import { openSource } from "../warmer/source.ts";
import { passes, validate } from "../warmer/validate.ts";
import { resolvePlan } from "./warm-check.ts";
import { writeMarkers } from "./warm-marker.ts";

type Inputs = z.infer<typeof warmRequestSchema>;

/**
 * The gate of a plan whose parts were written by others, at once: requests of the whole are replayed. Where it is passed,
 * markers are written. Outputs `validation` and `markers`.
 */
export async function proveWarm(
  inputs: Inputs & { readonly parts: NonNullable<Inputs["parts"]> },
  { signal, progress }: OperationContext,
): Promise<OperationResult> {
  const { endpoint, warmerEndpoint, gate, parts } = inputs;
  const plan = resolvePlan(inputs.plan);
  const source = await openSource(inputs.source, { signal, progress });
  const reader = await CacheReader.open(warmerEndpoint ?? endpoint, 10_000);
  try {
    const replay = await readReplay({ plan, postgresUrl: source.url, signal });
    const requests = replay.keys.reduce((sum, key) => sum + key.requests, 0);
    const validation = await validate({
      ...{ endpoint, gate, replay, signal },
      written: { keys: parts.keys, samples: [] },
      ...(parts.hitRatioBefore !== undefined && { hitsBefore: Math.round(parts.hitRatioBefore * requests) }),
      measure: { plan, postgresUrl: source.url },
    });
    const markers = passes(validation) ? await writeMarkers(reader.client, inputs.name ?? "warm", parts.runId) : [];
    return { id: "warm", outputs: { validation, markers } };
  } finally {
    reader.close();
    await source.stop();
  }
}
