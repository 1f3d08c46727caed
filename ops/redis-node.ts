import * as z from "zod";
import { tlsSchema } from "../contract/endpoint.ts";
import { serverSchema } from "../contract/nodes.ts";
import type { OperationHandler } from "../contract/operation.ts";
import type { Node } from "./node.ts";
import { doStep, type Step, type StepInputs, stepNames } from "./steps.ts";

const loginSchema = z.object({
  username: z.string().optional(),
  password: z.string().optional(),
  tls: tlsSchema.optional(),
});

/** One step with a node, done where the nodes can be reached: `steps.ts`. No resource, but asked for by others. */
const redisNodeSchema = z.object({
  name: z.string(),
  step: z.enum(stepNames),
  node: serverSchema.extend({
    previous: loginSchema.optional(),
    folder: z.string(),
    configFile: z.string(),
    logFile: z.string(),
  }),
  asked: z.record(z.string(), z.unknown()),
});

/** Inputs of one step, for a runner. */
export function stepRequest<S extends Step>(step: S, node: Node, asked: StepInputs[S]): Record<string, unknown> {
  return { name: node.name, step, node, asked };
}

/** Does one step; its result is the outputs. */
export const redisNode: OperationHandler = async (request, context) => {
  const { step, node, asked } = redisNodeSchema.parse(request.inputs);
  return { outputs: { ...(await doStep(step, node, asked as unknown as StepInputs[Step], context)) } };
};
