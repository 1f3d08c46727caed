import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { redisProcessSchema } from "../../contract/nodes.ts";
import { Operation } from "./operation.ts";

type Plain = z.infer<typeof redisProcessSchema>;
type Secrets = "password" | "secretDirectives" | "acl" | "tls" | "serverTls";

/** Inputs of a process: plain data, but for what is made of secrets. */
export type RedisProcessArgs = Omit<Plain, Secrets> & {
  [K in keyof Plain as K & Secrets]: pulumi.Input<NonNullable<Plain[K]>>;
};

/** A redis-server or redis-sentinel process of this machine, with a folder of its own. It outlives the update. */
export class RedisProcess extends Operation {
  /** `pid@start time`: another one after every start. */
  declare readonly instance: pulumi.Output<string>;
  /** Another one when the node's data is another: a new folder, or a start without persistence. */
  declare readonly dataId: pulumi.Output<string>;

  constructor(name: string, args: RedisProcessArgs, opts: pulumi.CustomResourceOptions = {}) {
    const outputs = ["pid", "started", "instance", "dataId", "version"];
    super("RedisProcess", "redis-process", name, args, outputs, opts);
  }
}
