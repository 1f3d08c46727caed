import type * as pulumi from "@pulumi/pulumi";
import type { ClusterArgs } from "./plan/args.ts";
import { planCluster } from "./plan/topology.ts";
import { type DeployArgs, plain, RedisTopology, type Revealing } from "./redis-topology.ts";

/** Arguments of RedisCluster; see the README for a table. Passwords and certificates may come from any secret output. */
export interface RedisClusterArgs extends Omit<ClusterArgs, Revealing>, Pick<DeployArgs, Revealing> {}

/**
 * A cluster: primaries that share the 16,384 slots, each with its replicas. Its outputs are known when it serves.
 *
 * Throws before anything is registered, with all that is wrong with the arguments.
 */
export class RedisCluster extends RedisTopology {
  constructor(name: string, args: RedisClusterArgs = {}, opts: pulumi.ComponentResourceOptions = {}) {
    super(planCluster(name, plain(args)), args, opts);
  }
}
