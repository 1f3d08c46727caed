import type { KubeObject } from "../kubernetes/api.ts";
import { type Props, unknown } from "../plugin-values.ts";

/** Types that the stand-in serves, and properties whose change makes Pulumi's provider replace an object. */
const served: Readonly<Record<string, readonly string[]>> = {
  "core/v1:Namespace": [],
  "core/v1:Service": ["spec.clusterIP"],
  "core/v1:ServiceAccount": [],
  "core/v1:ConfigMap": [],
  "core/v1:Secret": [],
  "apps/v1:StatefulSet": [
    ...["spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector"],
    ...["spec.serviceName", "spec.volumeClaimTemplates"],
  ],
  "apps/v1:Deployment": ["spec.selector"],
  "batch/v1:Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "policy/v1:PodDisruptionBudget": [],
  "networking.k8s.io/v1:NetworkPolicy": [],
  "monitoring.coreos.com/v1:ServiceMonitor": [],
  "monitoring.coreos.com/v1:PrometheusRule": [],
};

/** Replaced unless the provider was told that they may change. */
const contents: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ["data", "binaryData"],
  Secret: ["type", "stringData", "data"],
};

/** What the provider's configuration says of ConfigMaps and Secrets. */
export interface Mutable {
  readonly ConfigMap: boolean;
  readonly Secret: boolean;
}

/** The type's part of a URN, `apps/v1:StatefulSet`; others than those served are refused. */
export function typeOf(urn: string): string {
  const token = urn.split("::")[2]?.split("$").at(-1) ?? urn;
  const type = token.replace(/^kubernetes:/, "");
  if (!(type in served)) throw new Error(`the tests' stand-in for the Kubernetes provider does not serve ${token}`);
  return type;
}

/** Paths of properties that an object is replaced for. */
export function replacing(urn: string, inputs: Props, mutable: Mutable): string[] {
  const { kind, immutable } = inputs as { kind: string; immutable?: boolean };
  const fixed = kind in contents && (immutable || !mutable[kind as keyof Mutable]);
  return [
    "metadata.name",
    "metadata.namespace",
    ...(served[typeOf(urn)] ?? []),
    ...(fixed ? (contents[kind] ?? []) : []),
  ];
}

/** Annotations for the provider itself; those that the stand-in does not know are refused. */
export const annotations = {
  skipAwait: "pulumi.com/skipAwait",
  timeoutSeconds: "pulumi.com/timeoutSeconds",
  patchForce: "pulumi.com/patchForce",
  deletionPropagation: "pulumi.com/deletionPropagationPolicy",
  autonamed: "pulumi.com/autonamed",
} as const;

/** An annotation for the provider, of inputs or outputs. */
export function annotation(object: Props, name: keyof typeof annotations): string | undefined {
  return (object as unknown as KubeObject).metadata?.annotations?.[annotations[name]];
}

/** What is wrong with the inputs of an object that the API server would not say. */
export function complaints(urn: string, inputs: Props): { property: string; reason: string }[] {
  const type = typeOf(urn);
  const { apiVersion, kind, metadata } = inputs as unknown as KubeObject;
  const named = `${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
  const asked = metadata === (unknown as unknown) ? {} : (metadata?.annotations ?? {});
  const unserved = Object.keys(asked).filter(
    (name) => name.startsWith("pulumi.com/") && !Object.values<string>(annotations).includes(name),
  );
  return [
    ...(named === type ? [] : [{ property: "kind", reason: `${named} in a resource of type ${type}` }]),
    ...(metadata?.generateName === undefined
      ? []
      : [{ property: "metadata.generateName", reason: "metadata.generateName is not served by the tests' stand-in" }]),
    ...unserved.map((name) => ({
      property: `metadata.annotations["${name}"]`,
      reason: `the annotation ${name} is not served by the tests' stand-in`,
    })),
  ];
}

/** Whether some value is not known yet, as in previews. */
export function hasUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}
