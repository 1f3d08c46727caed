import type * as pulumi from "@pulumi/pulumi";
import type { ExportersInputs } from "../../contract/exporters.ts";
import { Operation } from "./operation.ts";

/** What the wait is for; `instances` come with the exporters. */
export type ExportersArgs = Omit<ExportersInputs, "instances" | "runner"> & {
  readonly instances: pulumi.Input<string>[];
  readonly runner?: ExportersInputs["runner"] | undefined;
};

/** Waits until every exporter of a topology sees its node, after each of their starts. */
export class Exporters extends Operation {
  constructor(name: string, args: ExportersArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("Exporters", "exporters", name, { ...args }, [], opts);
  }
}
