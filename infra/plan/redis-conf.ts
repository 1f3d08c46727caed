import type { Directives } from "../../contract/nodes.ts";
import type { Persistence } from "./args.ts";
import type { ResolvedCluster, ResolvedRedis, ResolvedSentinel } from "./defaults.ts";
import { bytes, formatBytes } from "./units.ts";

// Only directives that every Redis from 6.0 to 8 reads: an unknown one keeps a server from starting. Left out for that
// reason: enable-debug-command and its like (7.0; "no" is their default), acl-pubsub-default (6.2; ACL files say it for
// each user), lazyfree-lazy-user-flush (6.2), cluster-allow-replica-migration (6.2; see cluster-migration-barrier).

const persistenceDirectives: Readonly<Record<Persistence, Directives>> = {
  none: { save: "", appendonly: "no" },
  snapshots: { save: ["900 1", "300 10", "60 10000"], appendonly: "no" },
  aof: { save: "", appendonly: "yes", appendfsync: "everysec" },
};

/** What redis.conf of a data node says in every topology. The user's `extraDirectives` come last, and win. */
export function redisDirectives(args: ResolvedRedis, port: number, topology: Directives = {}): Directives {
  const extra = Object.entries(args.extraDirectives).map(([name, value]): [string, string | string[]] => [
    name.toLowerCase(),
    typeof value === "string" ? value : [...value],
  ]);
  return {
    port: `${port}`,
    // Absent: the target binds what its own addresses need.
    ...(args.bind === undefined ? {} : { bind: args.bind }),
    "protected-mode": "yes",
    maxmemory: formatBytes(args.memory),
    "maxmemory-policy": args.eviction,
    ...persistenceDirectives[args.persistence],
    timeout: `${args.timeoutMs / 1000}`,
    "tcp-keepalive": `${args.tcpKeepaliveMs / 1000}`,
    "tcp-backlog": "511",
    "slowlog-log-slower-than": `${args.slowerThanMs * 1000}`,
    "slowlog-max-len": `${args.slowlogMaxLen}`,
    hz: `${args.hz}`,
    "dynamic-hz": "yes",
    // Memory is given back by a background thread: removing a big key must not stall the other clients.
    "lazyfree-lazy-eviction": "yes",
    "lazyfree-lazy-expire": "yes",
    "lazyfree-lazy-server-del": "yes",
    "lazyfree-lazy-user-del": "yes",
    ...topology,
    ...Object.fromEntries(extra),
  };
}

/** What the data nodes of a Sentinel topology say besides: each may become the primary, so all say the same. */
export function sentinelDataDirectives(args: ResolvedSentinel, port: number): Directives {
  return redisDirectives(args, port, {
    ...replication(args.memory),
    // A primary that the others no longer hear stops accepting writes that would be lost when they elect another. With a
    // single replica it would also stop whenever that one is down, so there it stays off.
    ...(args.replicas >= 2 ? { "min-replicas-to-write": "1", "min-replicas-max-lag": "5" } : {}),
  });
}

/** What the nodes of a cluster say besides. */
export function clusterDirectives(args: ResolvedCluster, port: number): Directives {
  return redisDirectives(args, port, {
    "cluster-enabled": "yes",
    // In the node's own folder; written by the server, its identity.
    "cluster-config-file": "nodes.conf",
    "cluster-node-timeout": `${args.nodeTimeoutMs}`,
    // A cache that has lost a shard still serves the others.
    "cluster-require-full-coverage": "no",
    // Placement is ours: replicas stay with the primary they were planned for. (Redis 6.0 has no other switch for it.)
    "cluster-migration-barrier": "1000",
    ...replication(args.memory),
  });
}

/** For nodes that have, or may come to have, replicas. */
function replication(memory: number): Directives {
  return {
    "replica-read-only": "yes",
    "replica-serve-stale-data": "yes",
    "repl-diskless-sync": "yes",
    // All replicas are there from the start: waiting for more of them would only delay the first sync, by 5 s.
    "repl-diskless-sync-delay": "0",
    "replica-lazy-flush": "yes",
    // A replica that was away for a moment continues from here instead of copying everything.
    "repl-backlog-size": formatBytes(Math.min(Math.max(Math.floor(memory / 16), bytes("1mb")), bytes("64mb"))),
  };
}
