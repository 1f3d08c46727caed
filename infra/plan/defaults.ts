import type { ClusterArgs, EvictionPolicy, Persistence, RedisArgs, SentinelArgs, StandaloneArgs } from "./args.ts";
import { bytes, milliseconds } from "./units.ts";

/** Every default, as it would be written. Part of the contract: a changed one changes running servers. */
export const defaults = {
  memory: "256mb",
  eviction: "allkeys-lru",
  persistence: "snapshots",
  timeout: "0 seconds",
  tcpKeepalive: "300 seconds",
  slowerThan: "10 ms",
  slowlogMaxLen: 128,
  hz: 10,
  database: 0,
  port: 6379,
  replicas: 2,
  sentinels: 3,
  sentinelPort: 26379,
  masterName: "mymaster",
  downAfter: "5 seconds",
  failoverTimeout: "10 seconds",
  parallelSyncs: 1,
  clusterPort: 7000,
  primaries: 3,
  replicasPerPrimary: 1,
  nodeTimeout: "5 seconds",
} as const;

/** The common arguments with their defaults, in the units that Redis wants. */
export interface ResolvedRedis {
  readonly memory: number;
  readonly eviction: EvictionPolicy;
  readonly persistence: Persistence;
  readonly timeoutMs: number;
  readonly tcpKeepaliveMs: number;
  readonly slowerThanMs: number;
  readonly slowlogMaxLen: number;
  readonly hz: number;
  readonly bind: string | undefined;
  readonly extraDirectives: Readonly<Record<string, string | readonly string[]>>;
  readonly keyPrefixes: readonly string[];
  readonly scripts: boolean;
}

export interface ResolvedStandalone extends ResolvedRedis {
  readonly port: number;
  readonly database: number;
}

export interface ResolvedSentinel extends ResolvedStandalone {
  readonly replicas: number;
  readonly sentinels: number;
  readonly sentinelPort: number;
  readonly quorum: number;
  readonly masterName: string;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
}

export interface ResolvedCluster extends ResolvedRedis {
  readonly port: number;
  readonly primaries: number;
  readonly replicasPerPrimary: number;
  readonly nodeTimeoutMs: number;
}

function resolveRedis(args: RedisArgs): ResolvedRedis {
  return {
    memory: bytes(args.memory ?? defaults.memory),
    eviction: args.eviction ?? defaults.eviction,
    persistence: args.persistence ?? defaults.persistence,
    timeoutMs: milliseconds(args.timeout ?? defaults.timeout),
    tcpKeepaliveMs: milliseconds(args.tcpKeepalive ?? defaults.tcpKeepalive),
    slowerThanMs: milliseconds(args.slowlog?.slowerThan ?? defaults.slowerThan),
    slowlogMaxLen: args.slowlog?.maxLen ?? defaults.slowlogMaxLen,
    hz: args.hz ?? defaults.hz,
    bind: args.bind?.trim().replace(/\s+/g, " "),
    extraDirectives: args.extraDirectives ?? {},
    keyPrefixes: args.keyPrefixes ?? [],
    scripts: args.scripts ?? false,
  };
}

/** The arguments of a standalone server with their defaults. They must have passed their check. */
export function resolveStandalone(args: StandaloneArgs): ResolvedStandalone {
  return {
    ...resolveRedis(args),
    port: args.port ?? defaults.port,
    database: args.database ?? defaults.database,
  };
}

/** The arguments of a Sentinel topology with their defaults. They must have passed their check. */
export function resolveSentinel(args: SentinelArgs): ResolvedSentinel {
  const sentinels = args.sentinels ?? defaults.sentinels;
  return {
    ...resolveStandalone(args),
    replicas: args.replicas ?? defaults.replicas,
    sentinels,
    sentinelPort: args.sentinelPort ?? defaults.sentinelPort,
    quorum: args.quorum ?? majority(sentinels),
    masterName: args.masterName ?? defaults.masterName,
    downAfterMs: milliseconds(args.downAfter ?? defaults.downAfter),
    failoverTimeoutMs: milliseconds(args.failoverTimeout ?? defaults.failoverTimeout),
    parallelSyncs: args.parallelSyncs ?? defaults.parallelSyncs,
  };
}

/** The arguments of a cluster with their defaults. They must have passed their check. */
export function resolveCluster(args: ClusterArgs): ResolvedCluster {
  return {
    ...resolveRedis(args),
    port: args.port ?? defaults.clusterPort,
    primaries: args.primaries ?? defaults.primaries,
    replicasPerPrimary: args.replicasPerPrimary ?? defaults.replicasPerPrimary,
    nodeTimeoutMs: milliseconds(args.nodeTimeout ?? defaults.nodeTimeout),
  };
}

/** The smallest number of voters that two groups cannot both have. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
