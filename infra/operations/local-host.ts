import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { localHostSchema } from "../../contract/nodes.ts";
import { Operation } from "./operation.ts";

/**
 * What this machine must offer to a topology: redis-server of a known version, free ports, and the folder that holds
 * the nodes' folders. Looked at in the preview already, so that nothing is started when something is missing.
 */
export class LocalHost extends Operation {
  /** Version of the redis-server found on the PATH. */
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: z.infer<typeof localHostSchema>, opts: pulumi.CustomResourceOptions = {}) {
    super("LocalHost", "local-host", name, args, ["version"], opts);
  }
}
