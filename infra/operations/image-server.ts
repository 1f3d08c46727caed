import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { imageServerSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";

type Plain = z.infer<typeof imageServerSchema>;

/** Inputs: plain data, but for the image, which may have to be pulled first. */
export type ImageServerArgs = Omit<Plain, "imageId"> & { readonly imageId: pulumi.Input<string> };

/**
 * The redis-server of an image: it must take what is asked for. Looked at in the preview already, as far as the image is
 * there. Apart from the host, since it takes half a second, in which the containers of a new topology can be made.
 */
export class ImageServer extends Operation {
  /** Version of Redis: `7.0.15`. */
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: ImageServerArgs, opts: pulumi.CustomResourceOptions = {}) {
    // The same operation: it looks at what it is given.
    super("ImageServer", "docker-host", name, args, ["version"], opts);
  }
}
