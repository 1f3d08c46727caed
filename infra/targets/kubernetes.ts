import { createHash } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { getProject, getStack } from "@pulumi/pulumi/metadata.js";
import type { Address } from "../../contract/address.ts";
import type { ExporterAddress } from "../../contract/exporters.ts";
import { KubernetesHost } from "../operations/kubernetes-host.ts";
import { Rollout } from "../operations/rollout.ts";
import { namespaceOf, type Owner, ownLabels } from "../plan/kubernetes/manifest.ts";
import { type Admitted, runnerLabels } from "../plan/kubernetes/network-policy.ts";
import { hostOf, onKubernetes, setOf } from "../plan/kubernetes/nodes.ts";
import { metricsPort, podsService } from "../plan/kubernetes/services.ts";
import { namesOf } from "../plan/kubernetes/stateful-set.ts";
import type { KubernetesPlan } from "../plan/kubernetes.ts";
import type { TopologyPlan } from "../plan/topology.ts";
import { clusterOf, type KubernetesInput } from "./kubernetes-cluster.ts";
import { type KubernetesModule, kubernetesModule } from "./kubernetes-module.ts";
import { makeObjects } from "./kubernetes-objects.ts";
import { serverInputs } from "./server-inputs.ts";
import type { Deployed, Deployment, Target } from "./target.ts";

/** For images and volumes to come, and a machine to run on; and for each pod that is replaced, to load its data. */
const patienceMs = 5 * 60_000;
const turnMs = 2 * 60_000;

/**
 * Pods of a Kubernetes cluster. The plan that it is asked about is the one that `planOf` gives: pods have names of their
 * own.
 */
export class KubernetesTarget implements Target {
  readonly #target: KubernetesPlan;
  readonly #module: KubernetesModule;
  readonly #admitted: Admitted;
  readonly #kubeconfig: KubernetesInput["kubeconfig"];

  /** @param args what the plan does not hold: networks that are let in, and a kubeconfig that may be an output */
  constructor(target: KubernetesPlan, args: Admitted & { readonly kubernetes?: KubernetesInput | undefined } = {}) {
    this.#target = target;
    this.#admitted = { clients: args.clients, monitoring: args.monitoring };
    this.#kubeconfig = args.kubernetes?.kubeconfig;
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
    return new Map(plan.nodes.map(({ name }) => [name, namesOf(name, plan, namespace)]));
  }

  exporters(plan: TopologyPlan): readonly ExporterAddress[] {
    if (!this.#target.exporters) return [];
    const { namespace } = this.#owner(plan);
    // Their port is not one of the Services by which the nodes know each other: those of the set name every pod.
    return plan.nodes.map((node) => {
      const host = `${node.name}.${podsService(setOf(plan, node))}.${namespace}.svc`;
      return { node: node.name, host, port: metricsPort };
    });
  }

  /**
   * Every object, then the operation that waits for the pods, and later brings changes to them: the StatefulSets replace
   * none by themselves.
   */
  deploy({ parent, plan, secrets, tls }: Deployment): Deployed {
    const owner = this.#owner(plan);
    const { namespace } = owner;
    const { kubeconfig, context } = this.#target.api;
    const api = clusterOf(parent, this.#target.api, this.#kubeconfig);
    const provider = new this.#module.Provider(
      `${plan.name}-kubernetes`,
      {
        ...((kubeconfig ?? this.#kubeconfig) !== undefined && { kubeconfig: api.apply((known) => known.kubeconfig) }),
        ...(context !== undefined && { context }),
        // A ConfigMap or a Secret that is replaced would be gone for a moment, and pods that start in it would wait.
        ...{ enableConfigMapMutable: true, enableSecretMutable: true },
      },
      { parent },
    );
    const given = { module: this.#module, owner, plan, target: this.#target, admitted: this.#admitted, secrets, tls };
    const { storage, storageClass } = this.#target;
    const host = (dependsOn: pulumi.Resource[]) =>
      new KubernetesHost(
        `${plan.name}-host`,
        {
          ...{ name: plan.name, kubernetes: api, namespace, labels: ownLabels(owner, plan) },
          ...(storage !== undefined && { storage }),
          ...(storageClass !== undefined && { storageClass }),
        },
        { parent, dependsOn },
      );
    const sets = makeObjects({ ...given, options: { parent, provider } }, host);
    const labels = runnerLabels(owner, plan);
    const { runnerImage: image, demoImage } = this.#target;
    const runner = api.apply((kubernetes) => ({ kubernetes, namespace, image, demoImage, labels }));
    const surroundings = { plan, addresses: this.addresses(plan), secrets, tls };
    const nodes = plan.nodes.map((node) => ({ ...serverInputs(node, surroundings), set: setOf(plan, node) }));
    const revisions = sets.map(({ manifest }) => fingerprint(manifest));
    const rollout = new Rollout(
      `${plan.name}-rollout`,
      { name: plan.name, runner, nodes, revisions, deadlineMs: patienceMs + plan.nodes.length * turnMs },
      { parent, dependsOn: sets.map(({ resource }) => resource) },
    );
    const deployed = plan.nodes.map((_, index) => ({
      instance: rollout.instances.apply((instances) => instances[index] ?? ""),
      dataId: rollout.dataIds.apply((dataIds) => dataIds[index] ?? ""),
      resource: rollout,
    }));
    const site = { module: this.#module, provider, api, owner, after: rollout };
    return { nodes: deployed, runner, site: { kubernetes: site } };
  }

  #owner({ name }: Pick<TopologyPlan, "name">): Owner {
    const [project, stack] = [getProject(), getStack()];
    return { project, stack, namespace: this.#target.namespace ?? namespaceOf(`${project}-${stack}-${name}`) };
  }
}

/** Another one for another StatefulSet: known in previews, as what the API server makes of it is not. */
function fingerprint(manifest: object): string {
  return createHash("sha256").update(JSON.stringify(manifest)).digest("hex").slice(0, 16);
}
