import type { V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import type { RolloutNode } from "../../contract/rollout.ts";
import { type Look, waitFor } from "../wait.ts";
import type { KubernetesApi } from "./api.ts";
import { whyStuck } from "./pod-trouble.ts";

/** The StatefulSets of a topology, and their pods, as they are at the moment. */
export class NodePods {
  readonly #api: KubernetesApi;
  readonly #namespace: string;
  readonly #nodes: readonly RolloutNode[];

  constructor(api: KubernetesApi, namespace: string, nodes: readonly RolloutNode[]) {
    this.#api = api;
    this.#namespace = namespace;
    this.#nodes = nodes;
  }

  /** Each StatefulSet by its name; without those that are not there. */
  async sets(): Promise<Map<string, V1StatefulSet>> {
    const names = [...new Set(this.#nodes.map(({ set }) => set))];
    const path = `/apis/apps/v1/namespaces/${this.#namespace}/statefulsets`;
    const found = await Promise.all(names.map((name) => this.#api.find<V1StatefulSet>(`${path}/${name}`)));
    return new Map(names.flatMap((name, index) => (found[index] ? [[name, found[index]] as const] : [])));
  }

  /** The pod of a node, if there is one. */
  pod(node: string): Promise<V1Pod | undefined> {
    return this.#api.find<V1Pod>(`/api/v1/namespaces/${this.#namespace}/pods/${node}`);
  }

  /** Waits until the controller has seen the StatefulSets as they are now. Returns the revision that each asks for. */
  async revisions(signal: AbortSignal): Promise<Map<string, string>> {
    const look = async (): Promise<Look<Map<string, string>>> => {
      const sets = await this.sets();
      const late = this.#nodes.find(({ set }) => {
        const { metadata, status } = sets.get(set) ?? {};
        return !status?.updateRevision || (status.observedGeneration ?? 0) < (metadata?.generation ?? 0);
      });
      if (late) return { missing: `the StatefulSet ${late.set}, as its controller has not seen it yet` };
      return { value: new Map([...sets].map(([name, { status }]) => [name, String(status?.updateRevision)])) };
    };
    return waitFor(look, { what: "rollout", signal, everyMs: 200 });
  }

  /**
   * Waits until a node has a pod like this; `say`: what is missing.
   * @throws at once where it will not start
   */
  wait(node: string, say: (pod: V1Pod) => string | undefined, signal: AbortSignal, limitMs?: number): Promise<V1Pod> {
    const look = async (): Promise<Look<V1Pod>> => {
      const pod = await this.pod(node);
      if (pod === undefined) return { missing: `the pod ${node}` };
      const missing = say(pod);
      if (missing === undefined) return { value: pod };
      const stuck = whyStuck(pod);
      if (stuck !== undefined)
        throw new Error(
          `pod ${node}: it does not start (${stuck}); nothing else was touched: kubectl -n ${this.#namespace} describe pod ${node}`,
        );
      return { missing };
    };
    return waitFor(look, { what: `pod ${node}`, signal, everyMs: 200, ...(limitMs !== undefined && { limitMs }) });
  }

  /** Has the StatefulSet make a pod anew; no other than this one. */
  async replace(pod: V1Pod): Promise<void> {
    const { name, uid } = pod.metadata ?? {};
    await this.#api.delete(`/api/v1/namespaces/${this.#namespace}/pods/${name}`, { preconditions: { uid } });
  }

  /** Identity of the volume that a node's data lies on; undefined where none outlives the pod. */
  async claimOf(pod: V1Pod): Promise<string | undefined> {
    const name = pod.spec?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim)?.persistentVolumeClaim
      ?.claimName;
    if (name === undefined) return undefined;
    const path = `/api/v1/namespaces/${this.#namespace}/persistentvolumeclaims/${name}`;
    return (await this.#api.find<V1Pod>(path))?.metadata?.uid;
  }
}

/** Whether its readiness probe passes, and nobody has asked for its end. */
export function isReady({ metadata, status }: V1Pod): boolean {
  if (metadata?.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Whether its server runs, ready or not. */
export function isRunning({ status }: V1Pod): boolean {
  return serverOf(status)?.state?.running !== undefined;
}

/** Which revision of its StatefulSet a pod was made by. */
export function revisionOf({ metadata }: V1Pod): string | undefined {
  return metadata?.labels?.["controller-revision-hash"];
}

/** Another one after every start of the server in it. */
export function instanceOf({ metadata, status }: V1Pod): string {
  const server = serverOf(status);
  return `${metadata?.uid}/${server?.containerID ?? ""}`;
}

/** Why a pod is not ready, for people. */
export function whyNotReady(pod: V1Pod): string {
  const { state, lastState } = serverOf(pod.status) ?? {};
  const { reason, message } = state?.waiting ?? state?.terminated ?? {};
  const before = lastState?.terminated;
  const ended = before === undefined ? "" : `, its server has ended before (${before.reason} ${before.exitCode})`;
  const condition = pod.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  const why = [reason ?? condition?.reason, message ?? condition?.message].filter(Boolean).join(": ");
  return `readiness of the pod ${pod.metadata?.name}${why === "" ? "" : ` (${why})`}${ended}`;
}

/** The first container is the server's; others are beside it. */
function serverOf(status: V1Pod["status"]) {
  return status?.containerStatuses?.find(({ name }) => name !== "exporter") ?? status?.containerStatuses?.[0];
}
