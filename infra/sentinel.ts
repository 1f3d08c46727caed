import type * as pulumi from "@pulumi/pulumi";
import type { SentinelArgs } from "./plan/args.ts";
import { planSentinel } from "./plan/topology.ts";
import { type DeployArgs, plain, RedisTopology, type Revealing } from "./redis-topology.ts";

/** Arguments of RedisSentinel; see the README for a table. Passwords and certificates may come from any secret output. */
export interface RedisSentinelArgs extends Omit<SentinelArgs, Revealing>, Pick<DeployArgs, Revealing> {}

/**
 * A primary, its replicas, and the sentinels that promote one of them when the primary is gone. Its outputs are known when it serves.
 *
 * Throws before anything is registered, with all that is wrong with the arguments.
 */
export class RedisSentinel extends RedisTopology {
  constructor(name: string, args: RedisSentinelArgs = {}, opts: pulumi.ComponentResourceOptions = {}) {
    super(planSentinel(name, plain(args)), args, opts);
  }
}
