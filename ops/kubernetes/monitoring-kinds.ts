import type { KubernetesApiInputs } from "../../contract/kubernetes.ts";
import { type MonitoringKind, monitoringKindNames, monitoringKindsSchema } from "../../contract/monitoring.ts";
import type { OperationHandler } from "../../contract/operation.ts";
import { KubernetesApi } from "./api.ts";

/**
 * Which kinds of an operator of Prometheus the cluster knows: whether there is one. Asked in every preview too, as an
 * operator may be installed at any time; where the cluster does not answer then, what was found last counts.
 */
export const monitoringKinds: OperationHandler = async ({ action, id, inputs, olds }, { signal }) => {
  if (action === "delete") return {};
  if (action === "check") {
    const known = monitoringKindsSchema.safeParse(inputs).data;
    // A kubeconfig that the same update makes is not known yet.
    const found = known && (await kindsOf(known.kubernetes, signal).catch(() => undefined));
    const kinds = found ?? olds.kinds;
    // No file tells whether it is still so: the next check asks again.
    return { outputs: { ...(kinds !== undefined && { kinds }), seen: { files: [], digest: "" } } };
  }
  const { kubernetes } = monitoringKindsSchema.parse(inputs);
  return { id: id || "monitoring-kinds", outputs: { kinds: await kindsOf(kubernetes, signal) } };
};

async function kindsOf(cluster: KubernetesApiInputs, signal: AbortSignal): Promise<MonitoringKind[]> {
  type Known = { resources: { kind: string }[] };
  const found = await new KubernetesApi(cluster).find<Known>("/apis/monitoring.coreos.com/v1", signal);
  return monitoringKindNames.filter((name) => found?.resources.some(({ kind }) => kind === name));
}
