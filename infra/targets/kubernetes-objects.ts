import type * as pulumi from "@pulumi/pulumi";
import type { ServerTls } from "../../contract/nodes.ts";
import { labelsOf, type Manifest, type Owner } from "../plan/kubernetes/manifest.ts";
import { manifestsOf, secretsOfSet } from "../plan/kubernetes/manifests.ts";
import type { Admitted } from "../plan/kubernetes/network-policy.ts";
import { type NodeSet, setsOf } from "../plan/kubernetes/sets.ts";
import { exporterSecretName, secretName } from "../plan/kubernetes/stateful-set.ts";
import type { KubernetesPlan } from "../plan/kubernetes.ts";
import type { Secrets } from "../plan/secrets.ts";
import type { TopologyPlan } from "../plan/topology.ts";
import { all, secret } from "../pulumi.ts";
import type { TopologyTls } from "../topology-tls.ts";
import type { KubernetesModule } from "./kubernetes-module.ts";
import { proxiesOf, proxySecret } from "./kubernetes-primary.ts";

/** What the objects of a topology are made from. */
export interface ObjectsInput {
  readonly module: KubernetesModule;
  readonly owner: Owner;
  /** As pods have it. */
  readonly plan: TopologyPlan;
  readonly target: KubernetesPlan;
  readonly admitted: Admitted;
  readonly secrets: pulumi.Output<Secrets>;
  readonly tls?: TopologyTls | undefined;
  /** Parent and provider. */
  readonly options: pulumi.CustomResourceOptions;
}

/** A StatefulSet, and what it is made of. */
export interface MadeSet {
  readonly resource: pulumi.Resource;
  readonly manifest: Manifest;
}

/**
 * Every object of a topology: namespace, surroundings, Secrets, StatefulSets and the proxies to the primary, each after
 * those before it.
 *
 * @param hostOf makes what stands between the StatefulSets and all that their pods need
 * @returns the StatefulSets
 */
export function makeObjects(input: ObjectsInput, hostOf: (dependsOn: pulumi.Resource[]) => pulumi.Resource): MadeSet[] {
  const { owner, plan, target, admitted } = input;
  const manifests = manifestsOf(owner, plan, target, admitted);
  const make = (manifest: Manifest, dependsOn: pulumi.Resource[]) => objectOf(manifest, input, dependsOn);
  const namespace = manifests.namespace === undefined ? [] : [make(manifests.namespace, [])];
  const proxies = proxiesOf(input);
  const surroundings = [...manifests.surroundings, ...(proxies?.surroundings ?? [])].map((manifest) =>
    make(manifest, namespace),
  );
  const files = [
    ...setsOf(plan).flatMap((set) => secretsOf(set, input, namespace)),
    ...(proxies ? [proxySecret(input, namespace)] : []),
  ];
  // Pods come when all they need is there, and when they go, it stays until they are gone.
  const host = hostOf([...surroundings, ...files]);
  if (proxies) make(proxies.deployment, [host]);
  return manifests.sets.map((manifest) => ({ manifest, resource: make(manifest, [host]) }));
}

/** How many Secrets there are, and their names, does not depend on what is in them. */
function secretsOf(set: NodeSet, input: ObjectsInput, dependsOn: pulumi.Resource[]): pulumi.Resource[] {
  const { module, owner, plan, target, secrets, tls, options } = input;
  const servers = tls && all(set.nodes.map(({ name }) => tls.server(name)));
  const made = all([secrets, tls?.client, servers]).apply(([known, client, issued]) => {
    // Not all of a ServerTls is a string, and so Pulumi's type of what is unwrapped is another.
    const pairs = (issued as ServerTls[] | undefined)?.map((one, at): [string, ServerTls] => [
      set.nodes[at]?.name ?? "",
      one,
    ]);
    const certificates = pairs && new Map(pairs);
    return secretsOfSet(owner, plan, set, target, {
      secrets: known,
      ...(certificates && { certificates }),
      ...(client && { client }),
    });
  });
  const names = [secretName(set.name), ...(target.exporters ? [exporterSecretName(set.name)] : [])];
  return names.map((name) => {
    const data = made.apply((all) => {
      const found = all.find(({ metadata }) => metadata.name === name);
      return (found?.stringData ?? {}) as Record<string, string>;
    });
    const metadata = { name, namespace: owner.namespace, labels: labelsOf(owner, plan) };
    return new module.core.v1.Secret(
      name,
      { metadata, type: "Opaque", stringData: secret(data) },
      { ...options, dependsOn },
    );
  });
}

/** The resource of an object, named as it is, with its kind where several kinds share a name. */
function objectOf(manifest: Manifest, input: ObjectsInput, dependsOn: pulumi.Resource[]): pulumi.CustomResource {
  const { core, apps, networking, policy, apiextensions } = input.module;
  const { apiVersion, kind, ...args } = manifest;
  const { name } = manifest.metadata;
  const inputs = args as never;
  const options = { ...input.options, dependsOn };
  switch (kind) {
    case "Namespace":
      return new core.v1.Namespace(`${input.plan.name}-namespace`, inputs, options);
    case "NetworkPolicy":
      return new networking.v1.NetworkPolicy(`${name}-policy`, inputs, options);
    case "Service":
      return new core.v1.Service(name, inputs, options);
    case "PodDisruptionBudget":
      return new policy.v1.PodDisruptionBudget(`${name}-budget`, inputs, options);
    case "ConfigMap":
      return new core.v1.ConfigMap(name, inputs, options);
    case "StatefulSet":
      return new apps.v1.StatefulSet(`${name}-set`, inputs, options);
    case "Deployment":
      return new apps.v1.Deployment(name, inputs, options);
    case "ServiceMonitor":
      return new apiextensions.CustomResource(`${name}-monitor`, { apiVersion, kind, ...args } as never, options);
    default:
      throw new Error(`no resource is made of a ${kind}`);
  }
}
