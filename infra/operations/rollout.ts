import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRunner } from "../../contract/kubernetes.ts";
import type { RolloutNode } from "../../contract/rollout.ts";
import { Operation } from "./operation.ts";
import type { ServerArgs } from "./server-args.ts";

/** Inputs of a rollout. */
export interface RolloutArgs {
  /** Name of the topology. */
  readonly name: string;
  readonly runner: pulumi.Input<KubernetesRunner>;
  /** In the order in which they are to be told about. */
  readonly nodes: readonly ServerArgs<RolloutNode>[];
  /** What the StatefulSets are made of: another one means that there may be pods to replace. */
  readonly revisions: pulumi.Input<pulumi.Input<string>[]>;
  /** Milliseconds for all turns together. */
  readonly deadlineMs?: number;
}

/**
 * Brings changes to the pods of a topology's StatefulSets, which by themselves replace none (`OnDelete`): what can be set
 * live is, and pods are replaced one at a time, primaries last, after they have handed over.
 */
export class Rollout extends Operation {
  /** In the order of the nodes: another one after every start of a server. */
  declare readonly instances: pulumi.Output<string[]>;
  /** In the order of the nodes: another one when the node's data is another. */
  declare readonly dataIds: pulumi.Output<string[]>;

  constructor(name: string, args: RolloutArgs, opts: pulumi.CustomResourceOptions = {}) {
    const secrets = ["state"];
    const outputs = ["instances", "dataIds", ...secrets];
    super("Rollout", "rollout", name, { ...args }, outputs, { ...opts, additionalSecretOutputs: secrets });
  }
}
