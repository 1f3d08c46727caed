import type { Directives } from "../../contract/nodes.ts";
import type { ResolvedSentinel } from "./defaults.ts";
import type { SecretDirectives } from "./secrets.ts";

/**
 * What sentinel.conf says, but for `sentinel monitor`: it holds the primary's address, which the sentinel itself changes
 * at a failover, so whoever writes the file decides it (before the directives that name the primary).
 */
export function sentinelDirectives(args: ResolvedSentinel, port: number): Directives {
  const { masterName } = args;
  return {
    port: `${port}`,
    ...(args.bind === undefined ? {} : { bind: args.bind }),
    "protected-mode": "yes",
    [`sentinel down-after-milliseconds ${masterName}`]: `${args.downAfterMs}`,
    [`sentinel failover-timeout ${masterName}`]: `${args.failoverTimeoutMs}`,
    [`sentinel parallel-syncs ${masterName}`]: `${args.parallelSyncs}`,
    // As whom it logs in at the data nodes, and at the other sentinels (Redis 6.2 and later).
    [`sentinel auth-user ${masterName}`]: "sentinel",
    "sentinel sentinel-user": "sentinel",
    // Nobody who can talk to a sentinel may make it run a program.
    "sentinel deny-scripts-reconfig": "yes",
  };
}

/** The passwords that a sentinel holds: for the data nodes, and for the other sentinels. */
export function sentinelSecretDirectives(masterName: string): SecretDirectives {
  return {
    [`sentinel auth-pass ${masterName}`]: { secret: "sentinel" },
    "sentinel sentinel-pass": { secret: "sentinel" },
  };
}
