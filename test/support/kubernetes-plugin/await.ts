import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject, KubernetesApi } from "../kubernetes/api.ts";

/** What an object is still waiting for, or undefined when it is ready. Rejects when it will never be. */
type Readiness = (api: KubernetesApi, object: KubeObject) => Promise<string | undefined>;

/** Kinds whose making and changing is over when they are ready, as Pulumi's provider has it; others when they exist. */
const readiness: Readonly<Record<string, Readiness>> = {
  async StatefulSet(_, { metadata, spec, status = {} }) {
    const { generation = 0 } = metadata;
    if (Number(status.observedGeneration ?? 0) < generation) return "the controller has not seen it";
    const replicas = Number(spec?.replicas ?? 1);
    const { replicas: pods = 0, readyReplicas = 0, currentReplicas = 0, updatedReplicas = 0 } = status;
    const onDelete = (spec?.updateStrategy as { type?: string } | undefined)?.type === "OnDelete";
    // After the first update, pods of an OnDelete set stay as they are until somebody deletes them.
    const counts = onDelete && generation > 1 ? [pods, readyReplicas] : [pods, readyReplicas, newest(generation)];
    function newest(generation: number) {
      return generation > 1 ? updatedReplicas : currentReplicas;
    }
    if (counts.some((count) => count !== replicas)) return `${readyReplicas} of ${replicas} pods are ready`;
    if (!onDelete && status.currentRevision !== status.updateRevision) return "its update is not over";
    return undefined;
  },
  async Deployment(_, { metadata, spec, status = {} }) {
    if (Number(status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "the controller has not seen it";
    const replicas = Number(spec?.replicas ?? 1);
    const { replicas: pods = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    const over = [pods, updatedReplicas, availableReplicas].every((count) => count === replicas);
    return over ? undefined : `${availableReplicas} of ${replicas} pods are available`;
  },
  async Job(_, { status = {} }) {
    const conditions = (status.conditions ?? []) as { type: string; status: string; message?: string }[];
    const found = (type: string) =>
      conditions.find((condition) => condition.type === type && condition.status === "True");
    const failed = found("Failed");
    if (failed) throw new NeverReady(`the Job failed: ${failed.message}`);
    return found("Complete") ? undefined : "the Job is not complete";
  },
  async Service(api, { metadata, spec }) {
    if (spec?.clusterIP === "None" || spec?.type === "ExternalName") return undefined;
    const { name, namespace } = metadata as { name: string; namespace: string };
    const endpoints = await api.get<{ subsets?: unknown[] }>({
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name, namespace },
    });
    if (endpoints?.subsets?.length) return undefined;
    return "the Service does not target any Pods: they may not be ready, or its selector may not match their labels";
  },
};

/** Waiting any longer makes no sense. */
class NeverReady extends Error {}

/** The object when it is ready. Rejects with what it waits for, and what its pods say, at the deadline. */
export async function ready(api: KubernetesApi, object: KubeObject, seconds: number): Promise<KubeObject> {
  const check = readiness[object.kind];
  if (!check) return object;
  for (const end = Date.now() + seconds * 1000; ; await sleep(200)) {
    const live = await api.get(object);
    if (!live) throw new Error("it was deleted meanwhile");
    const why = await check(api, live);
    if (why === undefined) return live;
    if (Date.now() > end) {
      throw new Error([`after ${seconds} s ${why}`, ...(await podsOf(api, live))].join("; "));
    }
  }
}

/** Whether what has been deleted is gone, at the deadline at last. */
export async function gone(api: KubernetesApi, object: KubeObject, seconds: number): Promise<void> {
  const { uid } = object.metadata;
  for (const end = Date.now() + seconds * 1000; ; await sleep(100)) {
    const live = await api.get(object);
    if (!live || (uid !== undefined && live.metadata.uid !== uid)) return;
    if (Date.now() > end) {
      const finalizers = live.metadata.finalizers ? `; its finalizers: ${live.metadata.finalizers}` : "";
      throw new Error(`${object.kind} ${object.metadata.name} is still there after ${seconds} s${finalizers}`);
    }
  }
}

/** What pods of a workload wait for, as a person would look it up. */
async function podsOf(api: KubernetesApi, { metadata, spec }: KubeObject): Promise<string[]> {
  const labels = (spec?.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels;
  if (!labels) return [];
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const pods = await api.list("v1", "Pod", metadata.namespace ?? "default", selector.join(","));
  return pods.flatMap(({ metadata: { name }, status = {} }) => {
    const { conditions = [], containerStatuses = [] } = status as unknown as PodStatus;
    const unscheduled = conditions.filter(({ type, status }) => type === "PodScheduled" && status === "False");
    return [
      ...unscheduled.map(({ message }) => `${name}: ${message}`),
      ...containerStatuses
        .filter((container) => !container.ready)
        .map(({ name: container, state }) => {
          const { reason, message } = state?.waiting ?? state?.terminated ?? {};
          return `${name}: ${container} is not ready${reason ? ` (${reason}${message ? `: ${message}` : ""})` : ""}`;
        }),
    ];
  });
}

interface PodStatus {
  readonly conditions?: readonly { type: string; status: string; message?: string }[];
  readonly containerStatuses?: readonly { name: string; ready: boolean; state?: Partial<Record<string, Why>> }[];
}
interface Why {
  readonly reason?: string;
  readonly message?: string;
}
