import { isLeft } from "../docker-leftovers.ts";
import { type KubeObject, KubernetesApi } from "./api.ts";

/** Younger things are left alone: on a cluster that several machines share, their tests' processes are not seen here. */
const youngMs = 30 * 60_000;

/** Removes namespaces of tests whose process was killed. Does not wait until they are gone. */
export async function removeLeftNamespaces(olderThanMs = youngMs): Promise<void> {
  const api = KubernetesApi.of();
  const { body } = await api.request<{ items: KubeObject[] }>("GET", "/api/v1/namespaces");
  for (const { metadata } of body.items) {
    const age = Date.now() - new Date(String(metadata.creationTimestamp)).getTime();
    if (!isLeft(metadata.labels) || age < olderThanMs) continue;
    await api.delete({ apiVersion: "v1", kind: "Namespace", metadata: { name: String(metadata.name) } });
  }
}
