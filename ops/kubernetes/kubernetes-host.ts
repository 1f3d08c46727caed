import type { V1Namespace, V1Pod, V1StorageClass } from "@kubernetes/client-node";
import { kubernetesApiSchema } from "../../contract/kubernetes.ts";
import { kubernetesHostSchema } from "../../contract/kubernetes-host.ts";
import type { OperationContext, OperationHandler, OperationResult } from "../../contract/operation.ts";
import { waitFor } from "../wait.ts";
import { type KubernetesApi, KubernetesError } from "./api.ts";
import { apiOf } from "./cluster-runner.ts";

type Failure = NonNullable<OperationResult["failures"]>[number];

const id = "kubernetes-host";
/** The oldest minor version whose Jobs tell a pod that was taken away from one that failed. */
const oldest = 26;
const defaultClass = "storageclass.kubernetes.io/is-default-class";

/**
 * What a cluster must offer before a pod is made; looked at in previews, too. Deleted after the StatefulSets and before
 * all that their pods need, it waits for the end of the last pod: so names, files and closed doors outlive it.
 */
export const kubernetesHost: OperationHandler = async ({ action, id: known, inputs, olds }, context) => {
  if (action === "check") return { failures: await check(inputs, olds) };
  if (action === "read") return { id: known };
  if (action === "delete") {
    await podsGone(inputs, context);
    return {};
  }
  return { id };
};

/** What is not known yet, in a preview, is left out. */
async function check(inputs: Record<string, unknown>, olds: Record<string, unknown>): Promise<Failure[]> {
  const asked = kubernetesHostSchema.safeParse(inputs).data;
  if (asked === undefined || kubernetesApiSchema.safeParse(inputs.kubernetes).data === undefined) return [];
  const failures = claimFailures(asked, olds);
  let api: KubernetesApi;
  try {
    api = apiOf(asked.kubernetes);
    const { major, minor } = await api.get<{ major: string; minor: string }>("/version");
    if (Number(major) === 1 && Number.parseInt(minor, 10) < oldest) {
      const why = `is too old: write a context of Kubernetes 1.${oldest} or later`;
      failures.push({ property: "kubernetes", reason: `version ${major}.${minor} ${why}` });
    }
  } catch (error) {
    const reason = (error as Error).message.replace(/^kubernetes: /, "");
    return [...failures, { property: "kubernetes", reason }];
  }
  const found = await Promise.all([namespaceFailures(api, asked), classFailures(api, asked)]);
  return [...failures, ...found.flat()];
}

type Asked = NonNullable<ReturnType<typeof kubernetesHostSchema.safeParse>["data"]>;

/** A claim keeps the size and the class that it was made with, and another StatefulSet would end all its pods at once. */
function claimFailures({ namespace, storage, storageClass }: Asked, olds: Record<string, unknown>): Failure[] {
  if (olds.namespace !== namespace) return [];
  const advice =
    "claims stay as they were made: write what was there before. To enlarge them, change each by hand " +
    "(kubectl edit pvc); for another class, or none, destroy and deploy anew";
  return [
    ...(olds.storage === storage
      ? []
      : [{ property: "kubernetes.storage", reason: `${of(olds.storage)} became ${of(storage)}: ${advice}` }]),
    ...(olds.storageClass === storageClass
      ? []
      : [
          {
            property: "kubernetes.storageClass",
            reason: `${JSON.stringify(olds.storageClass ?? "the default")} became ${JSON.stringify(storageClass ?? "the default")}: ${advice}`,
          },
        ]),
  ];
}

function of(storage: unknown): string {
  if (storage === undefined) return '"none"';
  const mb = Number(storage) / 1024 ** 2;
  return mb % 1024 === 0 ? `"${mb / 1024}gb"` : `"${mb}mb"`;
}

/** One that is not there may be made by the same update: a preview does not know. */
async function namespaceFailures(api: KubernetesApi, { namespace }: Asked): Promise<Failure[]> {
  const found = await allowed(() => api.find<V1Namespace>(`/api/v1/namespaces/${namespace}`));
  if (found === "forbidden" || found?.status?.phase !== "Terminating") return [];
  const advice = `wait until it has gone (kubectl get namespace ${namespace}), or write another one`;
  return [{ property: "kubernetes.namespace", reason: `"${namespace}" is on its way out: ${advice}` }];
}

async function classFailures(api: KubernetesApi, { storage, storageClass }: Asked): Promise<Failure[]> {
  if (storage === undefined) return [];
  const found = await allowed(() => api.list<V1StorageClass>("/apis/storage.k8s.io/v1/storageclasses"));
  if (found === "forbidden") return [];
  const names = found.map(({ metadata }) => `"${metadata?.name}"`).join(", ") || "none";
  const property = "kubernetes.storageClass";
  const made = "; where the same update makes it, run pulumi up --skip-preview";
  if (storageClass !== undefined) {
    if (found.some(({ metadata }) => metadata?.name === storageClass)) return [];
    return [{ property, reason: `"${storageClass}" is not in the cluster, which has ${names}${made}` }];
  }
  if (found.some(({ metadata }) => metadata?.annotations?.[defaultClass] === "true")) return [];
  const advice = 'write one of them, or storage "none" for a cache that may lose its data with its pods';
  return [{ property, reason: `is missing, as the cluster has no default: it has ${names}: ${advice}` }];
}

/** Who may not look finds out when it is made. */
async function allowed<T>(look: () => Promise<T>): Promise<T | "forbidden"> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof KubernetesError && [401, 403].includes(error.code)) return "forbidden";
    throw error;
  }
}

async function podsGone(inputs: Record<string, unknown>, { signal, progress }: OperationContext): Promise<void> {
  const { name, namespace, labels, kubernetes } = kubernetesHostSchema.parse(inputs);
  // Not those of Jobs, nor of what stands before the servers.
  const labelSelector = [
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    "hearth.kind in (redis,sentinel)",
  ].join(",");
  const api = apiOf(kubernetes);
  const look = async () => {
    const pods = await api.list<V1Pod>(`/api/v1/namespaces/${namespace}/pods`, { labelSelector }, signal);
    if (pods.length === 0) return { value: true };
    const missing = `the end of ${pods.map(({ metadata }) => metadata?.name).join(", ")}`;
    progress(`${name}: waiting for ${missing}`);
    return { missing };
  };
  try {
    await waitFor(look, { what: `pods of ${name}`, signal, everyMs: 500 });
  } catch (error) {
    // A cluster that is gone has no pods.
    if (!(error instanceof KubernetesError)) throw error;
  }
}
