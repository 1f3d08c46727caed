import * as z from "zod";
import { tlsSchema } from "./endpoint.ts";
import { kubernetesRunnerSchema } from "./kubernetes.ts";
import { serverSchema } from "./nodes.ts";

/**
 * Inputs of the operation `rollout`: the servers of one topology on Kubernetes, each in the pod of its own name. Changed
 * directives are set live where they can be; pods that are not what their StatefulSet asks for are replaced one at a time.
 */
export const rolloutSchema = z.object({
  /** Name of the topology. */
  name: z.string(),
  runner: kubernetesRunnerSchema,
  /** In the order of the plan: as they are to be told about in `instances` and `dataIds`. */
  nodes: z.array(
    serverSchema.extend({
      /** The StatefulSet whose pod it is. */
      set: z.string(),
    }),
  ),
});
export type RolloutNode = z.infer<typeof rolloutSchema>["nodes"][number];

/** What is known of a node after a rollout; output `state` by the nodes' names. */
export const nodeStateSchema = z.object({
  /** The pod, and the start of its container. */
  instance: z.string(),
  /** Another one when the node's data is another. */
  dataId: z.string(),
  /** The volume that the data lies on; absent where there is none that lasts. */
  claim: z.string().optional(),
  /** Fingerprints of what it was last given (ops/applied.ts). */
  applied: z.record(z.string(), z.string()),
  /** The login that it was last given: after a rotation that failed half way it may know no other. */
  login: z.object({ username: z.string().optional(), password: z.string(), tls: tlsSchema.optional() }).optional(),
});
export type NodeState = z.infer<typeof nodeStateSchema>;
