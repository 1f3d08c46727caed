import { expect, it } from "vitest";
import type { KubernetesArgs } from "../../../infra/plan/kubernetes.ts";
import { planCluster, planSentinel, planStandalone, type TopologyPlan } from "../../../infra/plan/topology.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { complaintsAbout } from "../../support/kubernetes/manifests.ts";
import { images, kubernetesTest } from "../../support/kubernetes.ts";
import { objects } from "./manifests-lab.ts";

kubernetesTest("manifests of a topology on Kubernetes", (namespace) => {
  const image = { image: images.redis, exporterImage: images.redis };
  const selectors = { clients: [{ labels: { app: "web" } }, { labels: { app: "api" }, namespace: "shop" }] };
  it.each<[string, TopologyPlan, KubernetesArgs]>([
    ["standalone, in a namespace of its own", planStandalone("cache"), { ...image }],
    ["standalone without volumes", planStandalone("cache", { persistence: "none" }), { ...image, storage: "none" }],
    ["sentinel", planSentinel("cache"), { ...image, storageClass: "fast", cpu: "250m", cpuLimit: "2" }],
    ["cluster with mutual TLS", planCluster("cache", { tls: { mutual: true } }), { ...image, ...selectors }],
  ])("%s: the API server knows every field, and Pod Security restricted lets every pod run", async (_, plan, args) => {
    expect(await complaintsAbout(objects(plan, namespace, args), namespace)).toEqual([]);
  });

  it("would hear of a field that does not exist, and of a pod that is not restricted", async () => {
    const wrong = structuredClone(objects(planStandalone("cache"), namespace, image)) as KubeObject[];
    const set = wrong.find(({ kind }) => kind === "StatefulSet") as KubeObject;
    const template = set.spec?.template as { spec: { containers: [object] } } | undefined;
    const [container] = template?.spec.containers ?? [{}];
    Object.assign(container, { securityContext: {} });
    expect((await complaintsAbout([set], namespace)).join("\n")).toContain("allowPrivilegeEscalation");
    Object.assign(container, { readinessProb: {} });
    expect((await complaintsAbout([set], namespace)).join("\n")).toContain("readinessProb: field not declared");
  });
});
