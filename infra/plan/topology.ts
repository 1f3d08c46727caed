import type { AskedDirective, Directives, Role } from "../../contract/nodes.ts";
import type { AclUser } from "./acl.ts";
import type { ClusterArgs, Deployment, RedisArgs, SentinelArgs, StandaloneArgs, TopologyName } from "./args.ts";
import { checkCluster, checkSentinel, checkStandalone } from "./check.ts";
import { resolveCluster, resolveSentinel, resolveStandalone } from "./defaults.ts";
import { askedDirectives } from "./directives/asked.ts";
import { type DockerPlan, resolveDocker } from "./docker.ts";
import { type KubernetesPlan, resolveKubernetes } from "./kubernetes.ts";
import { busOffset } from "./ports.ts";
import { clusterDirectives, redisDirectives, sentinelDataDirectives } from "./redis-conf.ts";
import { type Findings, RefusalError, type Warning } from "./refusals.ts";
import type { SecretDirectives } from "./secrets.ts";
import { sentinelDirectives, sentinelSecretDirectives } from "./sentinel-conf.ts";
import { resolveTls, type TlsArgs, type TlsPlan } from "./tls.ts";
import { dataUsers, sentinelUsers } from "./users.ts";

/** One server, as data: a target needs nothing else to make it. */
export interface PlannedNode {
  /** Unique in the topology: `cache-0`, `cache-sentinel-0`. */
  readonly name: string;
  readonly kind: "redis" | "sentinel";
  /** Place among the nodes of its kind, from 0. */
  readonly index: number;
  /**
   * Which of several machines a target that has them puts it on, from 0: a primary and its replicas, and any two
   * sentinels, have different ones.
   */
  readonly host: number;
  /** What it is when the topology is first formed; roles move later, by failover. */
  readonly role: Role;
  /** Cluster: the shard, from 0. Elsewhere 0. */
  readonly shard: number;
  readonly port: number;
  /** Cluster: the port of the bus. */
  readonly busPort?: number;
  /**
   * What is readable of its configuration: no secret, no address of the target, no path. A name may be several words
   * (`sentinel down-after-milliseconds mymaster`); a value is the directive's arguments, separated by spaces; an empty
   * value is one empty argument (`save ""`). Not every version of Redis has all of them: `dependentOnVersion` says which.
   */
  readonly directives: Directives;
  readonly secretDirectives: SecretDirectives;
  readonly acl: readonly AclUser[];
  /** Names of the other nodes of the topology, that it must reach. */
  readonly peers: readonly string[];
}

/** What the sentinels watch. */
export interface PlannedMonitor {
  readonly masterName: string;
  readonly quorum: number;
  /** Name of the node that is the primary when the topology is first formed. */
  readonly primary: string;
}

/** A topology as data: JSON, without secrets, the same for every target. */
export interface TopologyPlan {
  readonly topology: TopologyName;
  readonly name: string;
  /** Data nodes first, then sentinels, each in the order of their ports. */
  readonly nodes: readonly PlannedNode[];
  /** Sentinel only. */
  readonly monitor?: PlannedMonitor;
  /** Logical database that the endpoint names. Cluster: 0. */
  readonly database: number;
  /** Directives that the target must find its servers to have and to accept. */
  readonly asked: readonly AskedDirective[];
  /** How the nodes speak TLS; absent: plain TCP. */
  readonly tls?: TlsPlan;
  /** Containers of a Docker engine; without it and `kubernetes`, processes of this machine. */
  readonly docker?: DockerPlan;
  /** Pods of a Kubernetes cluster. */
  readonly kubernetes?: KubernetesPlan;
  /** What was accepted, but the user should hear about. */
  readonly warnings: readonly Warning[];
}

/** As whom a replica logs in at its primary. Every data node that may become a replica says so. */
const replicationUser: Directives = { masteruser: "replication" };
const replicationSecret: SecretDirectives = { masterauth: { secret: "replication" } };

/** One server. Throws RefusalError with everything that is wrong with the name and the arguments. */
export function planStandalone(name: string, args: StandaloneArgs = {}): TopologyPlan {
  const findings = accepted(`RedisStandalone "${name}"`, checkStandalone(name, args));
  const resolved = resolveStandalone(args);
  const node: PlannedNode = {
    name: `${name}-0`,
    kind: "redis",
    index: 0,
    host: 0,
    role: "primary",
    shard: 0,
    port: resolved.port,
    directives: redisDirectives(resolved, resolved.port),
    secretDirectives: {},
    acl: dataUsers("standalone", resolved),
    peers: [],
  };
  return {
    topology: "standalone",
    name,
    nodes: [node],
    database: resolved.database,
    asked: askedDirectives(args),
    ...tlsOf(args.tls),
    ...targetOf(args),
    warnings: findings.warnings,
  };
}

/**
 * A primary on node 0, its replicas, and the sentinels. Every data node gets the same directives, because roles move.
 * Throws RefusalError with everything that is wrong with the name and the arguments.
 */
export function planSentinel(name: string, args: SentinelArgs = {}): TopologyPlan {
  const findings = accepted(`RedisSentinel "${name}"`, checkSentinel(name, args));
  const resolved = resolveSentinel(args);
  const data = Array.from({ length: resolved.replicas + 1 }, (_, index): PlannedNode => {
    const port = resolved.port + index;
    return {
      name: `${name}-${index}`,
      kind: "redis",
      index,
      host: index,
      role: index === 0 ? "primary" : "replica",
      shard: 0,
      port,
      directives: { ...sentinelDataDirectives(resolved, port), ...replicationUser },
      secretDirectives: replicationSecret,
      acl: dataUsers("sentinel", resolved),
      peers: [],
    };
  });
  const sentinels = Array.from({ length: resolved.sentinels }, (_, index): PlannedNode => {
    const port = resolved.sentinelPort + index;
    return {
      name: `${name}-sentinel-${index}`,
      kind: "sentinel",
      index,
      host: index,
      role: "sentinel",
      shard: 0,
      port,
      directives: sentinelDirectives(resolved, port),
      secretDirectives: sentinelSecretDirectives(resolved.masterName),
      acl: sentinelUsers(),
      peers: [],
    };
  });
  return {
    topology: "sentinel",
    name,
    nodes: withPeers([...data, ...sentinels]),
    monitor: { masterName: resolved.masterName, quorum: resolved.quorum, primary: `${name}-0` },
    database: resolved.database,
    asked: askedDirectives(args),
    ...tlsOf(args.tls),
    ...targetOf(args),
    warnings: findings.warnings,
  };
}

/**
 * Primaries first: node k of the first `primaries` nodes is the primary of shard k. Then the replicas, in rounds of one
 * for every shard. There are as many hosts as primaries, and each round is turned by one more of them, so a replica of
 * shard k never has the index nor the host of its primary, nor the host of another replica of shard k. (More replicas
 * of a primary than other primaries are refused: they could not be placed so.)
 *
 * Throws RefusalError with everything that is wrong with the name and the arguments.
 */
export function planCluster(name: string, args: ClusterArgs = {}): TopologyPlan {
  const findings = accepted(`RedisCluster "${name}"`, checkCluster(name, args));
  const resolved = resolveCluster(args);
  const count = resolved.primaries * (resolved.replicasPerPrimary + 1);
  const nodes = Array.from({ length: count }, (_, index): PlannedNode => {
    const port = resolved.port + index;
    return {
      name: `${name}-${index}`,
      kind: "redis",
      index,
      host: index % resolved.primaries,
      role: index < resolved.primaries ? "primary" : "replica",
      shard: shardOf(index, resolved.primaries),
      port,
      busPort: port + busOffset,
      directives: { ...clusterDirectives(resolved, port), ...replicationUser },
      secretDirectives: replicationSecret,
      acl: dataUsers("cluster", resolved),
      peers: [],
    };
  });
  return {
    topology: "cluster",
    name,
    nodes: withPeers(nodes),
    database: 0,
    asked: askedDirectives(args),
    ...tlsOf(args.tls),
    ...targetOf(args),
    warnings: findings.warnings,
  };
}

/** The plan of any topology. */
export function planTopology(name: string, deployment: Deployment): TopologyPlan {
  switch (deployment.topology) {
    case "standalone":
      return planStandalone(name, deployment.args);
    case "sentinel":
      return planSentinel(name, deployment.args);
    case "cluster":
      return planCluster(name, deployment.args);
  }
}

/** The shard of a cluster node: the rule is at `planCluster`. */
function shardOf(index: number, primaries: number): number {
  const round = Math.floor(index / primaries);
  return (index + round) % primaries;
}

function withPeers(nodes: readonly PlannedNode[]): PlannedNode[] {
  return nodes.map((node) => ({
    ...node,
    peers: nodes.filter((other) => other.name !== node.name).map((other) => other.name),
  }));
}

function tlsOf(args: TlsArgs | undefined): { readonly tls?: TlsPlan } {
  const tls = resolveTls(args);
  return tls === undefined ? {} : { tls };
}

function targetOf(args: RedisArgs): Pick<TopologyPlan, "docker" | "kubernetes"> {
  const [docker, kubernetes] = [resolveDocker(args), resolveKubernetes(args)];
  return { ...(docker && { docker }), ...(kubernetes && { kubernetes }) };
}

function accepted(subject: string, findings: Findings): Findings {
  if (findings.refusals.length > 0) throw new RefusalError(subject, findings.refusals);
  return findings;
}
