import type * as pulumi from "@pulumi/pulumi";
import type { StandaloneArgs } from "./plan/args.ts";
import { planStandalone } from "./plan/topology.ts";
import { type DeployArgs, plain, RedisTopology, type Revealing } from "./redis-topology.ts";

/** Arguments of RedisStandalone; see the README for a table. Passwords and certificates may come from any secret output. */
export interface RedisStandaloneArgs extends Omit<StandaloneArgs, Revealing>, Pick<DeployArgs, Revealing> {}

/**
 * One Redis server. Its outputs are known when it serves.
 *
 * Throws before anything is registered, with all that is wrong with the arguments.
 */
export class RedisStandalone extends RedisTopology {
  constructor(name: string, args: RedisStandaloneArgs = {}, opts: pulumi.ComponentResourceOptions = {}) {
    super(planStandalone(name, plain(args)), args, opts);
  }
}
