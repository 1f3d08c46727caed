import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRunner } from "../../contract/kubernetes.ts";
import type { RolloutNode } from "../../contract/rollout.ts";
import { Operation } from "./operation.ts";
import { type ServerArgs, secretInputs } from "./server-args.ts";

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
    const secretOutputs = ["state"];
    const outputs = ["instances", "dataIds", ...secretOutputs];
    // A list that holds a secret is one: what changes in it would not be seen in a preview.
    const nodes = args.nodes.map((node) => withoutSecrets(node));
    const secrets = Object.fromEntries(args.nodes.map((node) => [node.name, secretsOf(node)]));
    const inputs = { ...args, nodes, secrets };
    super("Rollout", "rollout", name, inputs, outputs, { ...opts, additionalSecretOutputs: secretOutputs });
  }
}

function withoutSecrets(node: object): object {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !isSecret(key)));
}

function secretsOf(node: object): object {
  return Object.fromEntries(Object.entries(node).filter(([key]) => isSecret(key)));
}

function isSecret(key: string): boolean {
  return (secretInputs as readonly string[]).includes(key);
}
