import { isDeepStrictEqual } from "node:util";
import type { HandlerRequest, OperationResult } from "../../contract/operation.ts";

/** By what another warming would be another; what else the old inputs and outputs hold is no matter. */
const deciding = "name endpoint warmerEndpoint plan source gate controls deadlineMs tool behind trigger".split(" ");

/**
 * What the last warming has left, where nothing is another but the place from which the servers are reached, or in how
 * many parts: that is no
 * reason to warm again. Undefined where there is one.
 */
export function onlyMoved({ inputs, olds }: HandlerRequest): OperationResult | undefined {
  const { runner, shards, report, runId, markers, drift } = olds;
  const moved = !isDeepStrictEqual([runner, shards], [inputs.runner, inputs.shards]);
  if (!moved || drift !== undefined || runId === undefined) return undefined;
  if (!deciding.every((key) => isDeepStrictEqual(inputs[key], olds[key]))) return undefined;
  return { id: "warm", outputs: { report, runId, markers } };
}
