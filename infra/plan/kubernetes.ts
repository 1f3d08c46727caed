import { defaultDemoImage } from "../../contract/demo-image.ts";
import type { Owner as FileOwner } from "../../contract/docker.ts";
import type { KubernetesApiInputs } from "../../contract/kubernetes.ts";
import type { RedisArgs } from "./args.ts";
import { defaults } from "./defaults.ts";
import { defaultExporterImage } from "./exporters.ts";
import { limitFor, memoryLimitOf, memoryOf } from "./memory.ts";
import { TargetName } from "./target-name.ts";
import { bytes } from "./units.ts";

/** Pods of the cluster, by their labels. */
export interface PodSelector {
  /** Labels that they have, all of them: `{ app: "web" }`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name of their namespace. @default that of the topology */
  readonly namespace?: string | undefined;
}

/** How the target `"kubernetes"` deploys. */
export interface KubernetesArgs {
  /** A namespace that is there, and stays. @default one of its own, `<project>-<stack>-<name>`, with Pod Security "restricted" */
  readonly namespace?: string | undefined;
  /** Path of a kubeconfig, or its text. @default KUBECONFIG, else ~/.kube/config */
  readonly kubeconfig?: string | undefined;
  /** Name of a context in it. @default the current one */
  readonly context?: string | undefined;
  /**
   * Image with a redis-server or a valkey-server and a shell: Redis 6.2 or later, for a cluster 7.0; a tag, or for
   * production a digest. @default "redis:7-alpine"
   */
  readonly image?: string | undefined;
  /** Image of redis_exporter, 1.45 or later. @default "oliver006/redis_exporter:v1.62.0" */
  readonly exporterImage?: string | undefined;
  /** Image with Node 20 or later, for the Jobs in which formation, readiness and warming run. @default "node:24-alpine" */
  readonly runnerImage?: string | undefined;
  /** Image with PostgreSQL 14 or later, for Jobs that warm from the demo's rows. @default "postgres:17-alpine" */
  readonly demoImage?: string | undefined;
  /**
   * Size of each data node's volume: `"4gb"`, from `"1gb"`; or `"none"`: what is kept is lost with the pod.
   * @default "none" with persistence "none"; else three times `memory`, in whole gb
   */
  readonly storage?: string | number | undefined;
  /** StorageClass of the volumes. @default the cluster's own */
  readonly storageClass?: string | undefined;
  /** CPU that each data node is given at least, as Kubernetes writes it: `"500m"`, `"2"`. @default "100m" */
  readonly cpu?: string | undefined;
  /** CPU that it may use at most. @default no limit: a throttled server is slow for everybody */
  readonly cpuLimit?: string | undefined;
  /** Numeric user and group that the servers run as; not root. @default "999:999" */
  readonly user?: string | undefined;
  /** Pods of applications, besides the networks of `clients`. Nobody else reaches the ports. @default none */
  readonly clients?: readonly PodSelector[] | undefined;
  /** Pods that scrape the exporters, besides the networks of `monitoring`. @default none */
  readonly monitoring?: readonly PodSelector[] | undefined;
  /**
   * Sentinel: whether there is a Service `<name>-primary` for clients that know no Sentinel, behind which two small pods
   * of `runnerImage` lead to the primary. @default true
   */
  readonly primaryService?: boolean | undefined;
  /** Whether a ServiceMonitor of the Prometheus operator is made. @default false */
  readonly serviceMonitor?: boolean | undefined;
}

export const kubernetesDefaults = {
  image: "redis:7-alpine",
  exporterImage: defaultExporterImage,
  runnerImage: "node:24-alpine",
  demoImage: defaultDemoImage,
  user: "999:999",
  cpu: "100m",
} as const;

/** The Kubernetes target of one topology, with its defaults; as data. */
export interface KubernetesPlan {
  readonly api: KubernetesApiInputs;
  /** Absent: one of its own, whose name only a target knows. */
  readonly namespace?: string;
  readonly image: string;
  readonly exporterImage: string;
  readonly runnerImage: string;
  readonly demoImage: string;
  /** Bytes of a data node's volume; absent: it has none that outlives its pod. */
  readonly storage?: number;
  readonly storageClass?: string;
  readonly cpu: string;
  readonly cpuLimit?: string;
  readonly owner: FileOwner;
  readonly clients: readonly PodSelector[];
  readonly monitoring: readonly PodSelector[];
  /** Bytes that the server of a data node may use. */
  readonly memoryLimit: number;
  readonly exporters: boolean;
  /** Sentinel: whether there is a Service that leads to the primary. */
  readonly primaryService: boolean;
  readonly serviceMonitor: boolean;
}

const gb = bytes("1gb");

/** The Kubernetes target of these arguments, which must have passed their check (kubernetes/check.ts); undefined on another. */
export function resolveKubernetes(args: RedisArgs): KubernetesPlan | undefined {
  if (args.target !== TargetName.Kubernetes) return undefined;
  const given = args.kubernetes ?? {};
  const { namespace, kubeconfig, context, storageClass, cpuLimit } = given;
  const [uid, gid] = (given.user ?? kubernetesDefaults.user).split(":").map(Number) as [number, number];
  const memory = memoryOf(args, defaults.memory);
  const wished = given.storage ?? (args.persistence === "none" ? "none" : Math.ceil((3 * memory) / gb) * gb);
  return {
    api: { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) },
    ...(namespace !== undefined && { namespace }),
    image: given.image ?? kubernetesDefaults.image,
    exporterImage: given.exporterImage ?? kubernetesDefaults.exporterImage,
    runnerImage: given.runnerImage ?? kubernetesDefaults.runnerImage,
    demoImage: given.demoImage ?? kubernetesDefaults.demoImage,
    ...(wished !== "none" && { storage: bytes(wished) }),
    ...(storageClass !== undefined && { storageClass }),
    cpu: given.cpu ?? kubernetesDefaults.cpu,
    ...(cpuLimit !== undefined && { cpuLimit }),
    owner: { uid, gid },
    clients: given.clients ?? [],
    monitoring: given.monitoring ?? [],
    memoryLimit: memoryLimitOf(args, defaults.memory) ?? limitFor(memory),
    exporters: args.exporters ?? true,
    primaryService: given.primaryService ?? true,
    serviceMonitor: given.serviceMonitor ?? false,
  };
}
