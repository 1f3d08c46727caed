import * as z from "zod";
import { addressSchema } from "../../contract/address.ts";

import type { HandlerRequest, OperationHandler } from "../../contract/operation.ts";
import { type RunnerInputs, runnerSchema } from "../../contract/runner.ts";
import { onlyMoved } from "./moved.ts";
import type { NetworkOperation } from "./on-network.ts";
import { releaseRunner, runnerOf } from "./runner.ts";
import { refuseSource } from "./source.ts";
import { RunnerUnavailable } from "./unavailable.ts";

/** Of the operations on the network: when they speak to the nodes. What else they are asked is answered here. */
const speaking: Readonly<Record<string, readonly HandlerRequest["action"][]>> = {
  formation: ["create", "update", "read"],
  readiness: ["create", "update", "read"],
  exporters: ["create", "update"],
  warm: ["create", "update", "read", "delete"],
};

const nodesSchema = z.object({
  members: z.array(addressSchema).optional(),
  endpoint: z.object({ nodes: z.array(addressSchema) }).optional(),
  exporters: z.array(addressSchema).optional(),
});

/** The handler of an operation whose inputs name a runner: it works where the nodes can be reached. */
export function throughRunner(operation: string, load: () => Promise<OperationHandler>): OperationHandler {
  return async (request, context) => {
    const { inputs, action } = request;
    const runnerInputs = runnerSchema.parse(inputs.runner);
    try {
      if (!speaking[operation]?.includes(action)) return await (await load())(request, context);
      const known = operation === "warm" && action === "update" ? onlyMoved(request) : undefined;
      if (known) return known;
      const runner = await runnerOf(runnerInputs, nodesOf(inputs));
      if (runner.where !== "here") refuseSource(inputs.source, runner.where);
      return await runner.run(operation as NetworkOperation, request, context);
    } catch (error) {
      if (error instanceof RunnerUnavailable && action === "read")
        return { id: request.id, outputs: { drift: error.message } };
      if (error instanceof RunnerUnavailable && action === "delete") return {}; // what it would say goes with the nodes
      throw error;
    } finally {
      // What comes next may be the end of the network.
      if (action === "delete") await releaseUnlessGone(runnerInputs);
    }
  };
}

async function releaseUnlessGone(inputs: RunnerInputs): Promise<void> {
  await releaseRunner(inputs).catch(() => {}); // it ends with this process at the latest
}

function nodesOf(inputs: Record<string, unknown>) {
  const { members, endpoint, exporters } = nodesSchema.parse(inputs);
  return members ?? endpoint?.nodes ?? exporters ?? [];
}
