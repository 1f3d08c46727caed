import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { dockerHostSchema, imageServerSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";

/** Inputs, and what the tool may begin with as soon as the engine is known: what `ImageServer` will ask. */
export type DockerHostArgs = z.infer<typeof dockerHostSchema> & { readonly ahead: z.infer<typeof imageServerSchema> };

/** What a Docker engine must offer to a topology: it answers, the subnet and the published ports are free. */
export class DockerHost extends Operation {
  declare readonly engineVersion: pulumi.Output<string>;
  /** The engine's own: the same by whatever address it is reached. */
  declare readonly engineId: pulumi.Output<string>;

  constructor(name: string, args: DockerHostArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("DockerHost", "docker-host", name, args, ["engineVersion", "engineId"], opts);
  }
}
