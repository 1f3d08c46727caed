import { kubernetes } from "../kubernetes.ts";
import { until } from "../wait.ts";

const text = { type: "string" };
const texts = { type: "array", items: text };
const map = { type: "object", additionalProperties: text };
const object = (properties: object, required: readonly string[] = []) => ({ type: "object", properties, required });
const list = (items: object) => ({ type: "array", items });
/** As the operator has it. */
const duration = {
  ...text,
  pattern: "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
};

/** The specifications of Prometheus Operator's objects, as far as Hearth and its tests write them: minimal. */
const specs: Readonly<Record<string, object>> = {
  ServiceMonitor: object(
    {
      selector: object({ matchLabels: map }),
      namespaceSelector: object({ any: { type: "boolean" }, matchNames: texts }),
      endpoints: list(
        object({
          ...{ port: text, path: text, interval: duration },
          relabelings: list(
            object({ sourceLabels: texts, targetLabel: text, replacement: text, regex: text, action: text }),
          ),
        }),
      ),
    },
    ["endpoints", "selector"],
  ),
  PrometheusRule: object({
    groups: list(
      object(
        {
          ...{ name: { ...text, minLength: 1 }, interval: duration },
          rules: list(
            object(
              {
                ...{ alert: text, record: text, for: duration, labels: map, annotations: map },
                expr: { "x-kubernetes-int-or-string": true },
              },
              ["expr"],
            ),
          ),
        },
        ["name"],
      ),
    ),
  }),
};

/** Makes Prometheus Operator's definitions known to the cluster: no more of them than Hearth's objects have. */
export async function defineMonitoring(): Promise<void> {
  for (const [kind, spec] of Object.entries(specs)) {
    const singular = kind.toLowerCase();
    const schema = { openAPIV3Schema: object({ spec }, ["spec"]) };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: {
        name: `${singular}s.monitoring.coreos.com`,
        annotations: {
          "api-approved.kubernetes.io": "unapproved, tests only",
          "hearth.test/schema": "minimal: what Hearth writes",
        },
      },
      spec: {
        group: "monitoring.coreos.com",
        scope: "Namespaced",
        names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    };
    await kubernetes().apply(definition, "hearth-tests", { force: true });
    await until(`${kind}s can be made`, () =>
      kubernetes().request("GET", `/apis/monitoring.coreos.com/v1/namespaces/default/${singular}s`),
    );
  }
}
