import { kubernetes } from "../kubernetes.ts";
import type { KubeObject } from "./api.ts";

/** Kinds of which a deployment may have objects in its namespace. */
const kinds = [
  ["v1", "Pod"],
  ["v1", "Service"],
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["v1", "PersistentVolumeClaim"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "Deployment"],
  ["batch/v1", "Job"],
  ["policy/v1", "PodDisruptionBudget"],
  ["networking.k8s.io/v1", "NetworkPolicy"],
] as const;

/** All that is in a namespace, with the volumes of its claims, and the namespace itself; nothing where there is none. */
export async function objectsIn(namespace: string): Promise<KubeObject[]> {
  const own = await kubernetes().get({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  if (!own) return [];
  const lists = kinds.map(async ([apiVersion, kind]) =>
    (await kubernetes().list(apiVersion, kind, namespace)).map((object) => ({ ...object, apiVersion, kind })),
  );
  const { body } = await kubernetes().request<{ items: KubeObject[] }>("GET", "/api/v1/persistentvolumes");
  const volumes = body.items
    .filter(({ spec }) => (spec?.claimRef as { namespace?: string } | undefined)?.namespace === namespace)
    .map((object) => ({ ...object, apiVersion: "v1", kind: "PersistentVolume" }));
  return [{ ...own, apiVersion: "v1", kind: "Namespace" }, ...(await Promise.all(lists)).flat(), ...volumes];
}

/** The pod of this name, if there is one. */
export function podOf(namespace: string, name: string): Promise<KubeObject | undefined> {
  return kubernetes().get({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace } });
}

/** Whether a pod is ready, and stays. */
export function isReady(pod: KubeObject | undefined): boolean {
  const conditions = (pod?.status?.conditions ?? []) as { type: string; status: string }[];
  return (
    pod !== undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    conditions.some(({ type, status }) => type === "Ready" && status === "True")
  );
}
