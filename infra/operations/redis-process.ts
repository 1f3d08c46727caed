import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { redisProcessSchema } from "../../contract/nodes.ts";
import { Operation } from "./operation.ts";
import type { ServerArgs } from "./server-args.ts";

/** Inputs of a process. */
export type RedisProcessArgs = ServerArgs<z.infer<typeof redisProcessSchema>>;

/** A redis-server or redis-sentinel process of this machine, with a folder of its own. It outlives the update. */
export class RedisProcess extends Operation {
  /** `pid@start time`: another one after every start. */
  declare readonly instance: pulumi.Output<string>;
  /** Another one when the node's data is another: a new folder, or a start without persistence. */
  declare readonly dataId: pulumi.Output<string>;

  constructor(name: string, args: RedisProcessArgs, opts: pulumi.CustomResourceOptions = {}) {
    const outputs = ["pid", "started", "instance", "dataId", "version"];
    super("RedisProcess", "redis-process", name, { ...args }, outputs, opts);
  }
}
