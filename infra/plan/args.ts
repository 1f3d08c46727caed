import type { DockerArgs } from "./docker.ts";
import type { FirewallMode } from "./firewall.ts";
import type { HostTuningMode } from "./host.ts";
import type { KubernetesArgs } from "./kubernetes.ts";
import type { UserName } from "./secrets.ts";
import type { TargetName } from "./target-name.ts";
import type { TlsArgs } from "./tls.ts";

/**
 * Arguments of the three topologies, as plain values. The components take the same fields as Pulumi inputs; the plan
 * sees what they resolve to. A field that is absent or undefined takes its default.
 */

/** Which keys Redis removes when `memory` is full. Redis's own names. */
export const EvictionPolicy = {
  /** Refuse writes that need more memory: nothing is removed. */
  NoEviction: "noeviction",
  /** The least recently used key of all. */
  AllKeysLru: "allkeys-lru",
  /** The least frequently used key of all. */
  AllKeysLfu: "allkeys-lfu",
  /** Any key. */
  AllKeysRandom: "allkeys-random",
  /** The least recently used of the keys that have a TTL. */
  VolatileLru: "volatile-lru",
  /** The least frequently used of the keys that have a TTL. */
  VolatileLfu: "volatile-lfu",
  /** Any of the keys that have a TTL. */
  VolatileRandom: "volatile-random",
  /** Of the keys that have a TTL, the one that expires first. */
  VolatileTtl: "volatile-ttl",
} as const;
export type EvictionPolicy = (typeof EvictionPolicy)[keyof typeof EvictionPolicy];

/** What the keys are to whoever writes them. */
export const Purpose = {
  /** Copies: what is removed or lost is made again. */
  Cache: "cache",
  /** Originals: nothing may be removed to make room, and a restart may not lose them. */
  Data: "data",
} as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** What Redis keeps on disk. */
export const Persistence = {
  /** Nothing: a restarted server is empty. */
  None: "none",
  /** An RDB file after 900 s with 1 change, 300 s with 10, or 60 s with 10,000. */
  Snapshots: "snapshots",
  /** Every write in an append-only file, synced once a second. */
  Aof: "aof",
  /** Every write in an append-only file, synced before it is answered: nothing is lost, and writes are slower. */
  AofAlways: "aof-always",
} as const;
export type Persistence = (typeof Persistence)[keyof typeof Persistence];

/** A size: a number of bytes, or a text in Redis's units: k, m, g are thousands, kb, mb, gb 1024s (`"256mb"`). */
export type Size = string | number;

/** A time: a number of milliseconds, or a text with its unit: `"10 ms"`, `"5 seconds"`, `"30 minutes"`, `"1 hour"`. */
export type Duration = string | number;

/** What all three topologies have in common. */
export interface RedisArgs {
  /** Where it runs: a value of {@link TargetName}. @default "local" */
  readonly target?: TargetName | undefined;
  /** How the target `"docker"` deploys: image, network, engine. Only with it. */
  readonly docker?: DockerArgs | undefined;
  /** How the target `"kubernetes"` deploys: namespace, images, volumes, clients. Only with it. */
  readonly kubernetes?: KubernetesArgs | undefined;
  /** Targets docker and kubernetes: whether an exporter for Prometheus runs beside every node. @default true there */
  readonly exporters?: boolean | undefined;
  /** Memory for data, of each node; Redis's `maxmemory`. At least 1mb. @default 75 % of `memoryLimit`, else "256mb" */
  readonly memory?: Size | undefined;
  /**
   * Memory that each node's process may use at most: of its container, or its share of the machine. `memory` must be
   * less, and the buffers for replicas are made to fit into what is left. At least 2mb; of a container 16mb.
   * @default not known; of a container `memory` / 0.75, and 32mb more than it at least
   */
  readonly memoryLimit?: Size | undefined;
  /**
   * Memory for the buffers of all clients of a node; beyond it the client with the largest is disconnected. A size from
   * 1mb, a share of `memory` (`"5%"`), or 0: no limit. Redis 7.0 and later. @default a quarter of `memory`, at least "32mb"
   */
  readonly maxmemoryClients?: Size | undefined;
  /**
   * What the keys are: a value of {@link Purpose}. With `"data"`, policies that remove keys without a TTL and
   * persistence `"none"` are refused. @default "cache"
   */
  readonly purpose?: Purpose | undefined;
  /**
   * What happens when `memory` is full: a value of {@link EvictionPolicy}.
   * @default "allkeys-lru"; "noeviction" with purpose "data"
   */
  readonly eviction?: EvictionPolicy | undefined;
  /** What is kept on disk: a value of {@link Persistence}. @default "snapshots"; "aof" with purpose "data" */
  readonly persistence?: Persistence | undefined;
  /**
   * Password of the user `app`, as whom applications log in: 16-512 characters, no control characters. A changed one is
   * let in beside the old one until the update after that.
   * @default 32 random bytes
   */
  readonly password?: string | undefined;
  /** Passwords of the other users: `{ exporter: "..." }`. As `password`. @default 32 random bytes each */
  readonly passwords?: Readonly<Partial<Record<Exclude<UserName, "app">, string>>> | undefined;
  /**
   * Any text. When it changes, every generated password is replaced; the old ones are let in as well until the next
   * update, so that clients can move. @default ""
   */
  readonly rotation?: string | undefined;
  /** Prefixes of the keys that the users `app` and `readonly` may touch: `["recipe:", "user:"]`. @default every key */
  readonly keyPrefixes?: readonly string[] | undefined;
  /** Whether the user `app` may run Lua scripts (EVAL, EVALSHA, SCRIPT LOAD). @default false */
  readonly scripts?: boolean | undefined;
  /** How connections are encrypted: `"off"`, `"generated"`, or {@link TlsOptions}. @default "off" */
  readonly tls?: TlsArgs | undefined;
  /** A client that has said nothing for so long is disconnected; 0 is never. Whole seconds. @default "0 seconds" */
  readonly timeout?: Duration | undefined;
  /** How often TCP asks a silent client whether it is there; 0 is never. Whole seconds. @default "300 seconds" */
  readonly tcpKeepalive?: Duration | undefined;
  /** Which commands the slow log keeps. */
  readonly slowlog?: SlowlogArgs | undefined;
  /**
   * Events that took so long or longer are kept for LATENCY DOCTOR and LATENCY HISTORY; 0 is off (as Redis has it: its
   * documentation suggests 100 ms). Up to 1 hour. @default "100 ms"
   */
  readonly latencyMonitorThreshold?: Duration | undefined;
  /** Up to which sizes small collections are kept in the compact encodings. */
  readonly encodings?: EncodingsArgs | undefined;
  /** How often a second Redis does its background work: 1-500. @default 10 */
  readonly hz?: number | undefined;
  /** Threads that read and write sockets: 1-128; 1 is none besides the main one. A change restarts. @default by `cores` */
  readonly ioThreads?: number | undefined;
  /**
   * CPU cores that each node has for itself: 1-1024. From 4 on, three quarters of them become `ioThreads`, 8 at most, as
   * redis.conf advises (3 of 4, 6 of 8). @default not known: no further threads
   */
  readonly cores?: number | undefined;
  /** Whether removed keys give back their memory in the background: a big one then does not stall others. @default true */
  readonly lazyfree?: boolean | undefined;
  /**
   * Whether fragmented memory is put together while the server runs. Only builds with Redis's own jemalloc can; those of
   * Debian and Ubuntu cannot, and the preview says so. @default false
   */
  readonly activeDefrag?: boolean | undefined;
  /** Local target: addresses to listen on, separated by spaces. @default "127.0.0.1" */
  readonly bind?: string | undefined;
  /**
   * Networks and addresses of the applications, and of whoever operates Redis from elsewhere: `["10.0.0.0/24"]`. With
   * `firewall`, nobody else reaches the ports. @default none: this machine and the nodes
   */
  readonly clients?: readonly string[] | undefined;
  /** Networks and addresses from which exporters are scraped. @default none */
  readonly monitoring?: readonly string[] | undefined;
  /** What is done with the rules that follow: a value of {@link FirewallMode}. @default "off" */
  readonly firewall?: FirewallMode | undefined;
  /** Local target: what is done about the kernel's settings: a value of {@link HostTuningMode}. @default "check" */
  readonly hostTuning?: HostTuningMode | undefined;
  /**
   * Directives of redis.conf that have no argument here, by their Redis names, for every data node. A list is written
   * once for each element. Those that carry a guarantee (port, aclfile, requirepass, cluster-enabled, ...) are refused.
   * @default {}
   */
  readonly extraDirectives?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Local target: the folder that holds a folder for each node, relative to the folder of Pulumi.yaml. @default ".hearth/<stack>/<name>" */
  readonly directory?: string | undefined;
}

/** Which commands the slow log keeps. */
export interface SlowlogArgs {
  /** Commands that took longer; 0 is every command. @default "10 ms" */
  readonly slowerThan?: Duration | undefined;
  /** How many are kept: 0-1,000,000. @default 128 */
  readonly maxLen?: number | undefined;
}

/**
 * Limits of the compact encodings (listpack, intset), by the names of Redis 7; Redis 6 is told by its own (ziplist). More
 * entries save memory, and make each access slower. The defaults are Redis's.
 */
export interface EncodingsArgs {
  /** Fields of a hash: 0-65,536. @default 512 */
  readonly hashMaxListpackEntries?: number | undefined;
  /** Bytes of a hash's longest field or value: 0-1,048,576. @default 64 */
  readonly hashMaxListpackValue?: number | undefined;
  /** Node of a list: 1-65,536 entries, or by size: -1 is 4 kB, -2 8 kB, -3 16 kB, -4 32 kB, -5 64 kB. @default -2 */
  readonly listMaxListpackSize?: number | undefined;
  /** Members of a set of whole numbers: 0-65,536. @default 512 */
  readonly setMaxIntsetEntries?: number | undefined;
  /** Members of another set: 0-65,536. Redis 7.2 and later. @default 128 */
  readonly setMaxListpackEntries?: number | undefined;
  /** Bytes of such a set's longest member: 0-1,048,576. Redis 7.2 and later. @default 64 */
  readonly setMaxListpackValue?: number | undefined;
  /** Members of a sorted set: 0-65,536. @default 128 */
  readonly zsetMaxListpackEntries?: number | undefined;
  /** Bytes of a sorted set's longest member: 0-1,048,576. @default 64 */
  readonly zsetMaxListpackValue?: number | undefined;
}

/** Writes that too few replicas would hear are refused: so a primary that is cut off loses little. */
export interface ReplicationArgs {
  /**
   * Replicas that must be there for a primary to accept a write: 0 to all of them; 0 is off, as Redis has it. With a
   * single replica, 1 would stop writes whenever that one is down. @default 1 with two replicas or more, else 0
   */
  readonly minReplicas?: number | undefined;
  /** A replica that has said nothing for longer does not count: 1 second to 1 hour. Whole seconds. @default "5 seconds" */
  readonly minReplicasMaxLag?: Duration | undefined;
}

/** One Redis server. */
export interface StandaloneArgs extends RedisArgs {
  /** Port, 1024-65535. @default 6379 */
  readonly port?: number | undefined;
  /** Logical database that the endpoint names, 0-15. @default 0 */
  readonly database?: number | undefined;
}

/** A primary, its replicas, and the sentinels that promote one of them when the primary is gone. */
export interface SentinelArgs extends RedisArgs, ReplicationArgs {
  /** Port of the first data node, 1024-65535; the others follow it: port ... port + replicas. @default 6379 */
  readonly port?: number | undefined;
  /** Logical database that the endpoint names, 0-15. @default 0 */
  readonly database?: number | undefined;
  /** Replicas beside the primary, 1-10. @default 2 */
  readonly replicas?: number | undefined;
  /** Sentinels, 3-15; an odd number. @default 3 */
  readonly sentinels?: number | undefined;
  /** Port of the first sentinel, 1024-65535; the others follow it. @default 26379 */
  readonly sentinelPort?: number | undefined;
  /** Sentinels that must agree that the primary is gone: a majority. @default sentinels / 2 + 1, rounded down: 2 of 3 */
  readonly quorum?: number | undefined;
  /** Name under which the sentinels know the primary: letters, digits, dot, hyphen, underscore. @default "mymaster" */
  readonly masterName?: string | undefined;
  /** Silence after which a sentinel takes a node for gone, at least 100 ms. @default "5 seconds" */
  readonly downAfter?: Duration | undefined;
  /** Time that a failover may take, longer than `downAfter`; it is tried again after twice that. @default "10 seconds" */
  readonly failoverTimeout?: Duration | undefined;
  /** Replicas that are pointed at the new primary at the same time after a failover, 1-10. @default 1 */
  readonly parallelSyncs?: number | undefined;
}

/** A cluster: primaries that share 16,384 slots, each with its replicas. */
export interface ClusterArgs extends RedisArgs, ReplicationArgs {
  /** Port of the first node, 1024-55535; the others follow it. The bus of each listens 10,000 higher. @default 7000 */
  readonly port?: number | undefined;
  /** Primaries, 3-100. @default 3 */
  readonly primaries?: number | undefined;
  /** Replicas of each primary, 0-5. @default 1 */
  readonly replicasPerPrimary?: number | undefined;
  /** Silence after which a node is taken for failing, at least 1 second. @default "5 seconds" */
  readonly nodeTimeout?: Duration | undefined;
}

/** The arguments of any topology, told apart by its name. */
export type Deployment =
  | { readonly topology: "standalone"; readonly args: StandaloneArgs }
  | { readonly topology: "sentinel"; readonly args: SentinelArgs }
  | { readonly topology: "cluster"; readonly args: ClusterArgs };

export type TopologyName = Deployment["topology"];
