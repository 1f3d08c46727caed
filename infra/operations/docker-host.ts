import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { dockerHostSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";

/** What a Docker engine must offer to a topology: it answers, the subnet and the published ports are free. */
export class DockerHost extends Operation {
  declare readonly engineVersion: pulumi.Output<string>;
  /** The engine's own: the same by whatever address it is reached. */
  declare readonly engineId: pulumi.Output<string>;

  constructor(name: string, args: z.infer<typeof dockerHostSchema>, opts: pulumi.CustomResourceOptions = {}) {
    super("DockerHost", "docker-host", name, args, ["engineVersion", "engineId"], opts);
  }
}
