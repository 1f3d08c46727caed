import type { DockerEngine, Owner, RunnerMode } from "../../contract/docker.ts";
import type { Directives } from "../../contract/nodes.ts";
import type { RedisArgs } from "./args.ts";
import { defaults } from "./defaults.ts";
import { defaultExporterImage } from "./exporters.ts";
import { limitFor, memoryLimitOf } from "./memory.ts";
import { TargetName } from "./target-name.ts";
import type { PlannedNode, TopologyPlan } from "./topology.ts";
import { bytes } from "./units.ts";

/** How the target `"docker"` deploys. */
export interface DockerArgs {
  /**
   * Image with a redis-server or a valkey-server and a shell, Redis 6.2 or later; a tag, or for production a digest. It is
   * pulled where the engine does not have it. Another one replaces the containers, one at a time. @default "redis:7-alpine"
   */
  readonly image?: string | undefined;
  /** Image of redis_exporter, 1.45 or later. @default "oliver006/redis_exporter:v1.62.0" */
  readonly exporterImage?: string | undefined;
  /**
   * The containers' own network: private IPv4, /16 to /28. Static addresses lie in its lower half.
   * @default 10.200-249.x.0/24, by a hash of project, stack and name
   */
  readonly subnet?: string | undefined;
  /**
   * Whether the ports of the nodes are published on the engine's machine, under their own numbers: on 127.0.0.1, or on
   * this IPv4 address of the machine. @default false
   */
  readonly publish?: boolean | string | undefined;
  /** The engine: `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`. @default as the docker command finds it */
  readonly host?: string | undefined;
  /** A context of the docker command, instead of `host`. @default the current one */
  readonly context?: string | undefined;
  /** Folder with `ca.pem`, `cert.pem` and `key.pem` for an engine that speaks TLS. @default DOCKER_CERT_PATH */
  readonly certPath?: string | undefined;
  /** Numeric user and group that the servers run as, and that their files belong to; not root. @default "999:999" */
  readonly user?: string | undefined;
  /**
   * Where formation, readiness and warming run: `"here"`, in a one-off `"container"` on the network, or `"auto"`: here
   * where a node can be reached. @default "auto"
   */
  readonly runner?: RunnerMode | undefined;
  /** Image with Node 20 or later for that container. @default "node:24-alpine" */
  readonly runnerImage?: string | undefined;
  /** Files and connections that a container may have open (`ulimit nofile`): 1024-1048576. @default 65535 */
  readonly openFiles?: number | undefined;
}

export const dockerDefaults = {
  image: "redis:7-alpine",
  exporterImage: defaultExporterImage,
  user: "999:999",
  runner: "auto",
  runnerImage: "node:24-alpine",
  openFiles: 65_535,
  publish: "127.0.0.1",
} as const;

/** What a sentinel's container may use: it holds no data. */
export const sentinelMemory = bytes("64mb");

/** The Docker target of one topology, with its defaults; as data. */
export interface DockerPlan {
  readonly image: string;
  readonly exporterImage: string;
  readonly runnerImage: string;
  /** Absent: the default of the owner, which only a target knows. */
  readonly subnet?: string;
  /** Address of the engine's machine on which ports are published; absent: none are. */
  readonly publish?: string;
  readonly engine: DockerEngine;
  readonly owner: Owner;
  readonly runner: RunnerMode;
  readonly openFiles: number;
  /** Bytes that the container of a data node may use. */
  readonly memoryLimit: number;
  readonly exporters: boolean;
}

/** The Docker target of these arguments, which must have passed their check; undefined on another target. */
export function resolveDocker(args: RedisArgs): DockerPlan | undefined {
  if (args.target !== TargetName.Docker) return undefined;
  const { subnet, publish = false, host, context, certPath, ...given } = args.docker ?? {};
  const [uid, gid] = (given.user ?? dockerDefaults.user).split(":").map(Number) as [number, number];
  const address = publish === true ? dockerDefaults.publish : publish;
  return {
    image: given.image ?? dockerDefaults.image,
    exporterImage: given.exporterImage ?? dockerDefaults.exporterImage,
    runnerImage: given.runnerImage ?? dockerDefaults.runnerImage,
    ...(subnet !== undefined && { subnet }),
    ...(address !== false && { publish: address }),
    engine: {
      ...(host !== undefined && { host }),
      ...(context !== undefined && { context }),
      ...(certPath !== undefined && { certPath }),
    },
    owner: { uid, gid },
    runner: given.runner ?? dockerDefaults.runner,
    openFiles: given.openFiles ?? dockerDefaults.openFiles,
    memoryLimit: memoryLimitOf(args, defaults.memory) ?? limitFor(bytes(defaults.memory)),
    exporters: args.exporters ?? true,
  };
}

/**
 * The plan with what nodes at these addresses bind and announce: the address that is theirs on the containers' network,
 * whatever happens to them. Ports are the planned ones inside and outside, so that one number says it everywhere.
 *
 * @param addresses by the node's name
 */
export function announced(plan: TopologyPlan, addresses: ReadonlyMap<string, string>): TopologyPlan {
  const nodes = plan.nodes.map((node): PlannedNode => {
    const address = addresses.get(node.name);
    if (address === undefined) throw new Error(`there is no address for ${node.name}`);
    // Over loopback the health check comes.
    const bind = `${address} 127.0.0.1`;
    return { ...node, directives: { ...node.directives, bind, ...announcements(plan, node, address) } };
  });
  return { ...plan, nodes };
}

function announcements({ topology, tls }: TopologyPlan, node: PlannedNode, address: string): Directives {
  const port = `${node.port}`;
  if (node.kind === "sentinel") return { "sentinel announce-ip": address, "sentinel announce-port": port };
  if (topology === "standalone") return {};
  const replica = { "replica-announce-ip": address, "replica-announce-port": port };
  if (topology === "sentinel") return replica;
  return {
    ...replica,
    "cluster-announce-ip": address,
    [tls ? "cluster-announce-tls-port" : "cluster-announce-port"]: port,
    "cluster-announce-bus-port": `${node.busPort}`,
  };
}
