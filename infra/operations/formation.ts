import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Tls } from "../../contract/endpoint.ts";
import type { topologySchema } from "../../contract/nodes.ts";
import type { RunnerInputs } from "../../contract/runner.ts";
import { Operation } from "./operation.ts";

/** Inputs of Formation and Readiness. */
export type TopologyState = Omit<z.infer<typeof topologySchema>, "password" | "tls" | "runner"> & {
  readonly password: pulumi.Input<string>;
  readonly tls?: pulumi.Input<Tls>;
  readonly runner?: pulumi.Input<RunnerInputs>;
  /** What makes it look again: another process or container behind a node. */
  readonly instances: pulumi.Input<pulumi.Input<string>[]>;
};

/**
 * Makes one topology of the nodes: who follows whom, what the sentinels watch, which slots a primary serves. Looks at
 * what is there first, heals what can be healed, and never forms anew over data.
 */
export class Formation extends Operation {
  constructor(name: string, args: TopologyState, opts: pulumi.CustomResourceOptions = {}) {
    super("Formation", "formation", name, { ...args }, ["primaries"], opts);
  }
}
