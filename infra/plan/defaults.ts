import type {
  ClusterArgs,
  EncodingsArgs,
  EvictionPolicy,
  Persistence,
  RedisArgs,
  ReplicationArgs,
  SentinelArgs,
  StandaloneArgs,
} from "./args.ts";
import { clientBuffers, memoryLimitOf, memoryOf, replicaBuffer } from "./memory.ts";
import { milliseconds } from "./units.ts";

/** Every default, as it would be written. Part of the contract: a changed one changes running servers. */
export const defaults = {
  memory: "256mb",
  purpose: "cache",
  eviction: "allkeys-lru",
  persistence: "snapshots",
  timeout: "0 seconds",
  tcpKeepalive: "300 seconds",
  slowerThan: "10 ms",
  slowlogMaxLen: 128,
  latencyMonitorThreshold: "100 ms",
  hz: 10,
  ioThreads: 1,
  lazyfree: true,
  activeDefrag: false,
  minReplicasMaxLag: "5 seconds",
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

/** What holds instead where the keys are data, not a cache. */
export const dataDefaults = { eviction: "noeviction", persistence: "aof" } as const;

/** Up to which sizes collections are compact: the figures of Redis itself. */
export const encodingDefaults: Required<{ readonly [K in keyof EncodingsArgs]: number }> = {
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  listMaxListpackSize: -2,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
};

/** The common arguments with their defaults, in the units that Redis wants. */
export interface ResolvedRedis {
  readonly memory: number;
  readonly eviction: EvictionPolicy;
  readonly persistence: Persistence;
  readonly timeoutMs: number;
  readonly tcpKeepaliveMs: number;
  readonly slowerThanMs: number;
  readonly slowlogMaxLen: number;
  readonly latencyMonitorThresholdMs: number;
  readonly encodings: typeof encodingDefaults;
  readonly hz: number;
  readonly ioThreads: number;
  readonly lazyfree: boolean;
  readonly activeDefrag: boolean;
  /** `maxmemory-clients` as Redis reads it: a size or a share. */
  readonly maxmemoryClients: string;
  /** Bytes that may wait for a replica before it is disconnected. */
  readonly replicaBuffer: number;
  readonly bind: string | undefined;
  readonly extraDirectives: Readonly<Record<string, string | readonly string[]>>;
  readonly keyPrefixes: readonly string[];
  readonly scripts: boolean;
}

export interface ResolvedStandalone extends ResolvedRedis {
  readonly port: number;
  readonly database: number;
}

/** What a primary demands of its replicas. */
export interface ResolvedReplication {
  readonly minReplicas: number;
  readonly minReplicasMaxLagMs: number;
}

export interface ResolvedSentinel extends ResolvedStandalone, ResolvedReplication {
  readonly replicas: number;
  readonly sentinels: number;
  readonly sentinelPort: number;
  readonly quorum: number;
  readonly masterName: string;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
}

export interface ResolvedCluster extends ResolvedRedis, ResolvedReplication {
  readonly port: number;
  readonly primaries: number;
  readonly replicasPerPrimary: number;
  readonly nodeTimeoutMs: number;
}

function resolveRedis(args: RedisArgs): ResolvedRedis {
  const memory = memoryOf(args, defaults.memory);
  const limit = memoryLimitOf(args, defaults.memory);
  const keeping = args.purpose === "data" ? dataDefaults : defaults;
  return {
    memory,
    maxmemoryClients: clientBuffers(args.maxmemoryClients, memory),
    replicaBuffer: replicaBuffer(memory, limit),
    latencyMonitorThresholdMs: milliseconds(args.latencyMonitorThreshold ?? defaults.latencyMonitorThreshold),
    encodings: resolveEncodings(args.encodings),
    ioThreads: args.ioThreads ?? ioThreadsFor(args.cores),
    lazyfree: args.lazyfree ?? defaults.lazyfree,
    activeDefrag: args.activeDefrag ?? defaults.activeDefrag,
    eviction: args.eviction ?? keeping.eviction,
    persistence: args.persistence ?? keeping.persistence,
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

function resolveEncodings(args: EncodingsArgs = {}): typeof encodingDefaults {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  return { ...encodingDefaults, ...Object.fromEntries(given) };
}

/** Fewer than 4 cores are better left to the main thread, the system and the children that save. */
export function ioThreadsFor(cores = 1): number {
  return cores < 4 ? defaults.ioThreads : Math.min(8, Math.floor((cores * 3) / 4));
}

function resolveReplication(args: ReplicationArgs, replicas: number): ResolvedReplication {
  return {
    minReplicas: args.minReplicas ?? minReplicasFor(replicas),
    minReplicasMaxLagMs: milliseconds(args.minReplicasMaxLag ?? defaults.minReplicasMaxLag),
  };
}

/** One replica must hear each write, where another can take its place. */
export function minReplicasFor(replicas: number): number {
  return replicas >= 2 ? 1 : 0;
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
  const replicas = args.replicas ?? defaults.replicas;
  return {
    ...resolveStandalone(args),
    ...resolveReplication(args, replicas),
    replicas,
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
  const replicasPerPrimary = args.replicasPerPrimary ?? defaults.replicasPerPrimary;
  return {
    ...resolveRedis(args),
    ...resolveReplication(args, replicasPerPrimary),
    port: args.port ?? defaults.clusterPort,
    primaries: args.primaries ?? defaults.primaries,
    replicasPerPrimary,
    nodeTimeoutMs: milliseconds(args.nodeTimeout ?? defaults.nodeTimeout),
  };
}

/** The smallest number of voters that two groups cannot both have. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
