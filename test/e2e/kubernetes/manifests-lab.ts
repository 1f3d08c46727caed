import type { Manifest } from "../../../infra/plan/kubernetes/manifest.ts";
import { manifestsOf, secretsOfSet } from "../../../infra/plan/kubernetes/manifests.ts";
import { onKubernetes } from "../../../infra/plan/kubernetes/nodes.ts";
import { primaryManifests, primarySecret } from "../../../infra/plan/kubernetes/primary.ts";
import { hasPrimaryService } from "../../../infra/plan/kubernetes/primary-names.ts";
import { setsOf } from "../../../infra/plan/kubernetes/sets.ts";
import { type KubernetesArgs, type KubernetesPlan, resolveKubernetes } from "../../../infra/plan/kubernetes.ts";
import { podUser, type Secrets, userNames } from "../../../infra/plan/secrets.ts";
import type { TopologyPlan } from "../../../infra/plan/topology.ts";
import { proxyProgram } from "../../../infra/tool.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";

export const secrets: Secrets = {
  passwords: Object.fromEntries([...userNames, podUser].map((user) => [user, `${user}-0123456789`])),
};
const certificate = { ca: "ca", cert: "cert", key: "key", authClients: "yes" } as const;

/** All objects of a plan in this namespace, in the order in which they are made. */
export function objects(planned: TopologyPlan, namespace: string, kubernetes: KubernetesArgs): KubeObject[] {
  const owner = { project: "shop", stack: "test", namespace };
  const plan = onKubernetes(planned, namespace);
  const target = resolveKubernetes({ target: "kubernetes", kubernetes }) as KubernetesPlan;
  const admitted = { clients: ["192.0.2.0/24"], monitoring: ["10.9.8.7", "fd00::1"] };
  const made = manifestsOf(owner, plan, target, admitted);
  const certificates = plan.tls && new Map(plan.nodes.map(({ name }) => [name, certificate]));
  const secret = setsOf(plan).flatMap((set) =>
    secretsOfSet(owner, plan, set, target, { secrets, ...(certificates && { certificates, client: certificate }) }),
  );
  const all: Manifest[] = [...(made.namespace ? [made.namespace] : []), ...made.surroundings, ...secret, ...made.sets];
  if (hasPrimaryService(plan, target)) {
    const proxies = primaryManifests(owner, plan, setsOf(plan), target, proxyProgram(), admitted);
    all.push(...proxies.surroundings, primarySecret(owner, plan, { secrets, client: certificate }), proxies.deployment);
  }
  return all as unknown as KubeObject[];
}
