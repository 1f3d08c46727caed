import type { Directives, DirectiveValue } from "../../contract/nodes.ts";
import type { Persistence } from "./args.ts";
import type { ResolvedCluster, ResolvedRedis, ResolvedReplication, ResolvedSentinel } from "./defaults.ts";
import { encodingDirectives } from "./directives/encodings.ts";
import { bytes, formatBytes } from "./units.ts";

// An unknown directive keeps a server from starting: those that not every Redis from 6.0 to 8 reads are known as such
// (directives/known.ts), and whoever writes the file leaves out what the installed version does not have. Left out here:
// enable-debug-command and its like (7.0; "no" is their default), acl-pubsub-default (6.2; ACL files say it for each
// user), cluster-allow-replica-migration (6.2; see cluster-migration-barrier).

const persistenceDirectives: Readonly<Record<Persistence, Directives>> = {
  none: { save: "", appendonly: "no" },
  snapshots: { save: ["900 1", "300 10", "60 10000"], appendonly: "no" },
  aof: { save: "", appendonly: "yes", appendfsync: "everysec" },
  "aof-always": { save: "", appendonly: "yes", appendfsync: "always" },
};

/** What redis.conf of a data node says in every topology. The user's `extraDirectives` come last, and win. */
export function redisDirectives(args: ResolvedRedis, port: number, topology: Directives = {}): Directives {
  const own: Directives = {
    port: `${port}`,
    // Absent: the target binds what its own addresses need.
    ...(args.bind === undefined ? {} : { bind: args.bind }),
    "protected-mode": "yes",
    maxmemory: formatBytes(args.memory),
    "maxmemory-policy": args.eviction,
    "maxmemory-clients": args.maxmemoryClients,
    ...persistenceDirectives[args.persistence],
    timeout: `${args.timeoutMs / 1000}`,
    "tcp-keepalive": `${args.tcpKeepaliveMs / 1000}`,
    "tcp-backlog": "511",
    "slowlog-log-slower-than": `${args.slowerThanMs * 1000}`,
    "slowlog-max-len": `${args.slowlogMaxLen}`,
    "latency-monitor-threshold": `${args.latencyMonitorThresholdMs}`,
    ...encodingDirectives(args.encodings),
    hz: `${args.hz}`,
    "dynamic-hz": "yes",
    // Not even 1 is written: it cannot be changed while a server runs, and would restart those that are there.
    ...(args.ioThreads > 1 ? { "io-threads": `${args.ioThreads}` } : {}),
    // Memory is given back by a background thread: removing a big key must not stall the other clients.
    "lazyfree-lazy-eviction": yesNo(args.lazyfree),
    "lazyfree-lazy-expire": yesNo(args.lazyfree),
    "lazyfree-lazy-server-del": yesNo(args.lazyfree),
    "lazyfree-lazy-user-del": yesNo(args.lazyfree),
    "lazyfree-lazy-user-flush": yesNo(args.lazyfree),
    activedefrag: yesNo(args.activeDefrag),
    ...topology,
  };
  return { ...own, ...extraDirectives(args, own) };
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

const bufferLimit = "client-output-buffer-limit";

function extraDirectives(args: ResolvedRedis, own: Directives): Directives {
  const extra = Object.entries(args.extraDirectives).map(([name, value]): [string, DirectiveValue] => [
    name.toLowerCase(),
    typeof value === "string" ? value : [...value],
  ]);
  return Object.fromEntries(
    extra.map(([name, value]) => {
      // It is set for each class of clients: limits for others leave that for replicas as it is.
      const ours = name === bufferLimit ? own[bufferLimit] : undefined;
      if (ours === undefined || /replica|slave/i.test(String(value))) return [name, value];
      return [name, [ours, value].flat()];
    }),
  );
}

/** What the data nodes of a Sentinel topology say besides: each may become the primary, so all say the same. */
export function sentinelDataDirectives(args: ResolvedSentinel, port: number): Directives {
  return redisDirectives(args, port, {
    ...replication(args),
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
    ...replication(args),
  });
}

/** For nodes that have, or may come to have, replicas. */
function replication(args: ResolvedRedis & ResolvedReplication): Directives {
  const { memory, replicaBuffer, minReplicas, minReplicasMaxLagMs } = args;
  return {
    "replica-read-only": "yes",
    "replica-serve-stale-data": "yes",
    "repl-diskless-sync": "yes",
    // All replicas are there from the start: waiting for more of them would only delay the first sync, by 5 s.
    "repl-diskless-sync-delay": "0",
    "replica-lazy-flush": "yes",
    // A replica that was away for a moment continues from here instead of copying everything.
    "repl-backlog-size": formatBytes(Math.min(Math.max(Math.floor(memory / 16), bytes("1mb")), bytes("64mb"))),
    // One that is so far behind, or a quarter of that for a minute, is disconnected, and the memory given back.
    [bufferLimit]: `replica ${formatBytes(replicaBuffer)} ${formatBytes(Math.floor(replicaBuffer / 4))} 60`,
    // A primary that the others no longer hear stops accepting writes that would be lost when they elect another.
    "min-replicas-to-write": `${minReplicas}`,
    "min-replicas-max-lag": `${minReplicasMaxLagMs / 1000}`,
  };
}
