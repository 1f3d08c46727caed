import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { dockerHostSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";

/**
 * What a Docker engine must offer to a topology: it answers, the subnet and the published ports are free, and the image
 * holds a redis-server that takes what is asked for. Looked at in the preview already, as far as the image is there.
 */
export class DockerHost extends Operation {
  /** Version of the image's redis-server. */
  declare readonly version: pulumi.Output<string>;
  declare readonly engineVersion: pulumi.Output<string>;

  constructor(name: string, args: z.infer<typeof dockerHostSchema>, opts: pulumi.CustomResourceOptions = {}) {
    super("DockerHost", "docker-host", name, args, ["version", "engineVersion"], opts);
  }
}
