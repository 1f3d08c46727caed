import { kubernetes } from "../kubernetes.ts";
import { until } from "../wait.ts";
import { ApiError } from "./api.ts";

/** Makes Prometheus Operator's definitions known to the cluster, without their schemas, where they are not. */
export async function defineMonitoring(): Promise<void> {
  for (const kind of ["ServiceMonitor", "PrometheusRule"]) {
    const singular = kind.toLowerCase();
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const body = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: {
        name: `${singular}s.monitoring.coreos.com`,
        annotations: { "api-approved.kubernetes.io": "unapproved, tests only" },
      },
      spec: {
        group: "monitoring.coreos.com",
        scope: "Namespaced",
        names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    };
    try {
      await kubernetes().request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
    await until(`${kind}s can be made`, () =>
      kubernetes().request("GET", `/apis/monitoring.coreos.com/v1/namespaces/default/${singular}s`),
    );
  }
}
