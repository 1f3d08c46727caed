import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { redisContainerSchema } from "../../contract/docker.ts";
import { Operation } from "./operation.ts";
import type { ServerArgs } from "./server-args.ts";

type Plain = z.infer<typeof redisContainerSchema>;
type Later = "container" | "containerId" | "version" | "health";

/** Inputs: plain data, but for the container, its image's version, and what is made of secrets. */
export type RedisContainerArgs = Omit<ServerArgs<Plain>, Later> & {
  [K in keyof Plain as K & Later]: pulumi.Input<Plain[K]>;
} & {
  /** What the container is made of, as its turn knows it. */
  readonly definition: Readonly<Record<string, string>>;
};

/** The redis-server or redis-sentinel of a container that Pulumi made and did not start. It is started by this. */
export class RedisContainer extends Operation {
  /** The container's id and when it was started: another one after every start. */
  declare readonly instance: pulumi.Output<string>;
  /** Another one when the node's data is another: a new volume, or a start without persistence. */
  declare readonly dataId: pulumi.Output<string>;

  constructor(name: string, args: RedisContainerArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("RedisContainer", "redis-container", name, args, ["instance", "dataId"], opts);
  }
}
