import type * as pulumi from "@pulumi/pulumi";
import type { Endpoint } from "../../contract/endpoint.ts";
import type { RunnerInputs } from "../../contract/runner.ts";
import type { Gate, WarmControls, WarmReport, WarmSource } from "../../contract/warming.ts";
import { Operation } from "./operation.ts";

/** Inputs of a warming run. */
export interface WarmingArgs {
  /** For progress lines. */
  readonly name: string;
  /** The application's. */
  readonly endpoint: pulumi.Input<Endpoint>;
  /** The warmer's own; the application's when absent. */
  readonly warmerEndpoint?: pulumi.Input<Endpoint>;
  readonly plan: unknown;
  readonly source: pulumi.Input<WarmSource>;
  readonly gate: Partial<Gate>;
  readonly controls?: WarmControls;
  /** Milliseconds for reading, writing and validating together. */
  readonly deadlineMs: number;
  /** Version of the bundled tool: another warmer warms again. */
  readonly tool: string;
  /** What the data stands on: when it changes, the cache is warmed again. */
  readonly behind: pulumi.Input<pulumi.Input<string>[]>;
  /** Parts that are warmed at once, on Kubernetes. */
  readonly shards?: number;
  /** Where the warmer runs; absent: here. Another place alone does not warm again. */
  readonly runner?: pulumi.Input<RunnerInputs | undefined>;
  /** Warms again when it changes. */
  readonly trigger?: pulumi.Input<string>;
}

/** One run of the bundled warmer, with the gate behind it. */
export class Warming extends Operation {
  declare readonly report: pulumi.Output<WarmReport>;

  constructor(name: string, args: WarmingArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("Warming", "warm", name, { ...args }, ["report", "runId"], opts);
  }
}
