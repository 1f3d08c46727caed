import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { containerFilesSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";

type Plain = z.infer<typeof containerFilesSchema>;
type Later = "container" | "containerId" | "files";

/** Inputs: plain data, but for the container and what is made of secrets. */
export type ContainerFilesArgs = Omit<Plain, Later> & { [K in keyof Plain as K & Later]: pulumi.Input<Plain[K]> };

/** Files for a container that Pulumi made and did not start; then it is started, and again when they change. */
export class ContainerFiles extends Operation {
  /** The container's id and when it was started: another one after every start. */
  declare readonly instance: pulumi.Output<string>;

  constructor(name: string, args: ContainerFilesArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("ContainerFiles", "container-files", name, { ...args }, ["instance"], opts);
  }
}
