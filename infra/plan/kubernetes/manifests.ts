import type { Tls } from "../../../contract/endpoint.ts";
import type { ServerTls } from "../../../contract/nodes.ts";
import { exporterFiles } from "../exporters.ts";
import type { KubernetesPlan } from "../kubernetes.ts";
import { serviceMonitor } from "../monitoring/service-monitor.ts";
import { resolveSecret, type Secrets } from "../secrets.ts";
import type { TopologyPlan } from "../topology.ts";
import { configData } from "./config-data.ts";
import { disruptionBudgets } from "./disruption.ts";
import { labelsOf, type Manifest, type Owner } from "./manifest.ts";
import { type Admitted, networkPolicy } from "./network-policy.ts";
import { hostOf } from "./nodes.ts";
import { secretData } from "./secret-data.ts";
import { services } from "./services.ts";
import { type NodeSet, setsOf } from "./sets.ts";
import { configName, exporterSecretName, secretName, statefulSet } from "./stateful-set.ts";

/** Every object of a topology but its Secrets, in the order in which they are made. */
export interface Manifests {
  /** Only where the namespace is the topology's own. */
  readonly namespace?: Manifest;
  /** What must be there before a pod: closed doors, names, files. */
  readonly surroundings: readonly Manifest[];
  readonly sets: readonly Manifest[];
}

/**
 * The objects of a topology, as data; secrets are made of passwords and certificates, which are known only later.
 *
 * @param plan made for Kubernetes by `onKubernetes`
 */
export function manifestsOf(owner: Owner, plan: TopologyPlan, target: KubernetesPlan, admitted?: Admitted): Manifests {
  const sets = setsOf(plan);
  const addressOf = (name: string) => {
    const node = plan.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`the plan has no node ${name}`);
    return { host: hostOf(name, owner.namespace), port: node.port };
  };
  return {
    ...(target.namespace === undefined && { namespace: ownNamespace(owner, plan) }),
    surroundings: [
      networkPolicy(owner, plan, sets, target, admitted),
      ...services(owner, plan, sets, target),
      ...disruptionBudgets(owner, plan, sets),
      ...sets.map(({ name, nodes }) => ({
        ...{ apiVersion: "v1", kind: "ConfigMap" },
        metadata: { name: configName(name), namespace: owner.namespace, labels: labelsOf(owner, plan) },
        data: configData(plan, nodes, addressOf),
      })),
      ...(target.serviceMonitor && target.exporters ? [serviceMonitor(owner, plan)] : []),
    ],
    sets: sets.map((set) => statefulSet(owner, plan, set, target)),
  };
}

/** What a set's Secrets are made from. */
export interface SecretInput {
  readonly secrets: Secrets;
  /** By the node's name; absent: plain TCP. */
  readonly certificates?: ReadonlyMap<string, ServerTls>;
  /** How a client, here the exporter, speaks TLS. */
  readonly client?: Tls;
}

/** The Secrets of a set's pods: the servers', and the exporters'. */
export function secretsOfSet(
  owner: Owner,
  plan: TopologyPlan,
  { name, nodes }: NodeSet,
  { exporters }: Pick<KubernetesPlan, "exporters">,
  { secrets, certificates, client }: SecretInput,
): Manifest[] {
  const secret = (called: string, stringData: Record<string, string>): Manifest => ({
    ...{ apiVersion: "v1", kind: "Secret", type: "Opaque" },
    metadata: { name: called, namespace: owner.namespace, labels: labelsOf(owner, plan) },
    stringData,
  });
  const address = { host: "127.0.0.1", port: nodes[0]?.port ?? 0 };
  const password = resolveSecret({ secret: "exporter" }, secrets);
  return [
    secret(secretName(name), secretData(nodes, secrets, certificates)),
    ...(exporters ? [secret(exporterSecretName(name), exporterFiles(address, password, client))] : []),
  ];
}

/** A namespace in which no pod may do what Hearth's never need. */
function ownNamespace(owner: Owner, plan: TopologyPlan): Manifest {
  const levels = ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
  return {
    ...{ apiVersion: "v1", kind: "Namespace" },
    metadata: { name: owner.namespace, labels: { ...labelsOf(owner, plan), ...Object.fromEntries(levels) } },
  };
}
