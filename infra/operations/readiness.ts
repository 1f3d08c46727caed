import type * as pulumi from "@pulumi/pulumi";
import type { TopologyState } from "./formation.ts";
import { Operation } from "./operation.ts";

/** Waits until the topology serves: replication connected, quorum reached, every slot covered and replicated. */
export class Readiness extends Operation {
  /** Where the primaries are, `host:port`, sorted. */
  declare readonly primaries: pulumi.Output<string[]>;

  constructor(name: string, args: TopologyState, opts: pulumi.CustomResourceOptions = {}) {
    super("Readiness", "readiness", name, { ...args }, ["primaries"], opts);
  }
}
