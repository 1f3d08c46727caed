import type * as pulumi from "@pulumi/pulumi";
import { getProject, getStack } from "@pulumi/pulumi/metadata.js";
import type { Address } from "../../contract/address.ts";
import type { ExporterAddress } from "../../contract/exporters.ts";
import type { Manifest, Owner } from "../plan/kubernetes/manifest.ts";
import { manifestsOf, secretsOfSet } from "../plan/kubernetes/manifests.ts";
import type { Admitted } from "../plan/kubernetes/network-policy.ts";
import { hostOf, onKubernetes } from "../plan/kubernetes/nodes.ts";
import { metricsPort } from "../plan/kubernetes/services.ts";
import { setsOf } from "../plan/kubernetes/sets.ts";
import { namesOf } from "../plan/kubernetes/stateful-set.ts";
import type { KubernetesPlan } from "../plan/kubernetes.ts";
import type { TopologyPlan } from "../plan/topology.ts";
import { all, secret } from "../pulumi.ts";
import { type KubernetesModule, kubernetesModule } from "./kubernetes-module.ts";
import type { Deployment, Target } from "./target.ts";

/** What the target has made; who waits for the pods, and tells their instances, is the operation "rollout". */
export interface KubernetesObjects {
  /** The plan as pods have it. */
  readonly plan: TopologyPlan;
  readonly owner: Owner;
  /** The StatefulSets, in the order of `setsOf`. */
  readonly sets: readonly pulumi.Resource[];
}

/**
 * Pods of a Kubernetes cluster. The plan that it is asked about is the one that `planOf` gives: pods have names of their
 * own.
 */
export class KubernetesTarget implements Omit<Target, "deploy"> {
  readonly #target: KubernetesPlan;
  readonly #module: KubernetesModule;
  readonly #admitted: Admitted;

  /** @param admitted the networks of `args.clients` and `args.monitoring` */
  constructor(target: KubernetesPlan, admitted: Admitted = {}) {
    this.#target = target;
    this.#admitted = admitted;
    this.#module = kubernetesModule();
  }

  planOf(plan: TopologyPlan): TopologyPlan {
    return onKubernetes(plan, this.#owner(plan).namespace);
  }

  addresses(plan: TopologyPlan): ReadonlyMap<string, Address> {
    const { namespace } = this.#owner(plan);
    return new Map(plan.nodes.map(({ name, port }) => [name, { host: hostOf(name, namespace), port }]));
  }

  names(plan: TopologyPlan): ReadonlyMap<string, readonly string[]> {
    const { namespace } = this.#owner(plan);
    return new Map(plan.nodes.map(({ name }) => [name, namesOf(name, plan.name, namespace)]));
  }

  exporters(plan: TopologyPlan): readonly ExporterAddress[] {
    if (!this.#target.exporters) return [];
    const { namespace } = this.#owner(plan);
    const sets = setsOf(plan);
    return plan.nodes.map((node) => {
      const set = sets.find(({ nodes }) => nodes.includes(node))?.name ?? "";
      // Their port is not one of the Services by which the nodes know each other: those of the set name every pod.
      return { node: node.name, host: `${node.name}.${set}-pods.${namespace}.svc`, port: metricsPort };
    });
  }

  /** Every object of the topology: namespace, surroundings, Secrets, StatefulSets, each after those before it. */
  objects({ parent, plan, secrets, tls }: Omit<Deployment, "behind" | "isNew">): KubernetesObjects {
    const owner = this.#owner(plan);
    const provider = new this.#module.Provider(
      `${plan.name}-kubernetes`,
      // A ConfigMap or a Secret that is replaced would be gone for a moment, and pods that start in it would wait.
      { ...this.#target.api, enableConfigMapMutable: true, enableSecretMutable: true },
      { parent },
    );
    const manifests = manifestsOf(owner, plan, this.#target, this.#admitted);
    const make = (manifest: Manifest, dependsOn: pulumi.Resource[]) =>
      this.#object(plan, manifest, { parent, provider, dependsOn });
    const namespace = manifests.namespace === undefined ? [] : [make(manifests.namespace, [])];
    const surroundings = manifests.surroundings.map((manifest) => make(manifest, namespace));
    const input = all([secrets, tls?.client, tls && all(plan.nodes.map(({ name }) => tls.server(name)))]);
    const files = setsOf(plan).flatMap((set) => {
      const known = input.apply(([values, client, servers]) => {
        const certificates = servers && new Map(plan.nodes.map(({ name }, at) => [name, servers[at] as never]));
        return secretsOfSet(owner, plan, set, this.#target, {
          secrets: values,
          ...(certificates && { certificates }),
          ...(client && { client }),
        });
      });
      // How many there are, and their names, do not depend on what is in them.
      const names = [`${set.name}-secret`, ...(this.#target.exporters ? [`${set.name}-exporter`] : [])];
      return names.map((name, at) => {
        const data = secret(known.apply((made) => (made[at]?.stringData ?? {}) as Record<string, string>));
        const metadata = { name, namespace: owner.namespace, labels: manifests.surroundings[0]?.metadata.labels ?? {} };
        return new this.#module.core.v1.Secret(
          name,
          { metadata, type: "Opaque", stringData: data },
          { parent, provider, dependsOn: namespace },
        );
      });
    });
    const sets = manifests.sets.map((manifest) => make(manifest, [...surroundings, ...files]));
    return { plan, owner, sets };
  }

  #owner({ name }: Pick<TopologyPlan, "name">): Owner {
    const [project, stack] = [getProject(), getStack()];
    return { project, stack, namespace: this.#target.namespace ?? `${project}-${stack}-${name}`.toLowerCase() };
  }

  /** The resource of an object, named as it is, with its kind where several kinds share a name. */
  #object(plan: TopologyPlan, manifest: Manifest, options: pulumi.CustomResourceOptions): pulumi.CustomResource {
    const { core, apps, networking, policy, apiextensions } = this.#module;
    const { apiVersion, kind, ...args } = manifest;
    const { name } = manifest.metadata;
    const inputs = args as never;
    switch (kind) {
      case "Namespace":
        return new core.v1.Namespace(`${plan.name}-namespace`, inputs, options);
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
      case "ServiceMonitor":
        return new apiextensions.CustomResource(`${name}-monitor`, { apiVersion, kind, ...args } as never, options);
      default:
        throw new Error(`no resource is made of a ${kind}`);
    }
  }
}
