import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { dockerHostSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";

type Plain = z.infer<typeof dockerHostSchema>;

/** Inputs: plain data, but for the image, which may have to be pulled first. */
export type DockerHostArgs = Omit<Plain, "imageId"> & { readonly imageId: pulumi.Input<string> };

/**
 * What a Docker engine must offer to a topology: it answers, the subnet and the published ports are free, and the image
 * holds a redis-server that takes what is asked for. Looked at in the preview already, as far as the image is there.
 */
export class DockerHost extends Operation {
  /** Version of the image's redis-server. */
  declare readonly version: pulumi.Output<string>;
  declare readonly engineVersion: pulumi.Output<string>;
  /** The engine's own: the same by whatever address it is reached. */
  declare readonly engineId: pulumi.Output<string>;

  constructor(name: string, args: DockerHostArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("DockerHost", "docker-host", name, args, ["version", "engineVersion", "engineId"], opts);
  }
}
