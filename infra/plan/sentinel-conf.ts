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
    // Nobody who can talk to a sentinel may make it run a program.
    "sentinel deny-scripts-reconfig": "yes",
  };
}

/**
 * The passwords that a sentinel holds: for the data nodes, and for the other sentinels. (`requirepass` serves the second
 * purpose in every version, `sentinel sentinel-pass` only from 6.2 on; who may log in is said by the ACL.)
 */
export function sentinelSecretDirectives(masterName: string): SecretDirectives {
  return {
    requirepass: { secret: "password" },
    [`sentinel auth-pass ${masterName}`]: { secret: "password" },
  };
}
