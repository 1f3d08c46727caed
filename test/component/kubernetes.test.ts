import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { resolveKubernetes } from "../../infra/plan/kubernetes.ts";
import { podUser, type Secrets, userNames } from "../../infra/plan/secrets.ts";
import { planCluster, planSentinel, planStandalone, type TopologyPlan } from "../../infra/plan/topology.ts";
import { KubernetesTarget } from "../../infra/targets/kubernetes.ts";
import { registered } from "../support/mocks.ts";

const secrets: Secrets = { passwords: Object.fromEntries([...userNames, podUser].map((user) => [user, `of ${user}`])) };

async function objects(plan: TopologyPlan, args: Parameters<typeof resolveKubernetes>[0] = {}) {
  const resources = await registered(() => {
    const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
    const target = new KubernetesTarget(resolveKubernetes(args));
    target.objects({ parent, plan: target.planOf(plan), secrets: pulumi.secret(secrets) });
  });
  return resources.filter(({ type }) => type !== "test:index:Parent");
}
const list = (resources: Awaited<ReturnType<typeof objects>>) =>
  resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);

it("standalone: a namespace, closed doors, names, files, and one StatefulSet", async () => {
  expect(list(await objects(planStandalone("cache")))).toEqual([
    "Service cache",
    "Service cache-0",
    "PodDisruptionBudget cache-budget",
    "ConfigMap cache-config",
    "Secret cache-exporter",
    "kubernetes cache-kubernetes",
    "Namespace cache-namespace",
    "Service cache-pods",
    "NetworkPolicy cache-policy",
    "Secret cache-secret",
    "StatefulSet cache-set",
  ]);
});

it("sentinel: the client Service leads to the sentinels, never to a replica", async () => {
  const resources = await objects(planSentinel("cache"), { kubernetes: { namespace: "shop" } });
  const service = resources.find(({ name, type }) => name === "cache" && type.endsWith(":Service"));
  expect(service?.inputs.spec).toMatchObject({
    selector: { "hearth.cache": "cache", "hearth.kind": "sentinel" },
    ports: [{ name: "sentinel", port: 26379 }],
  });
  expect(list(resources)).not.toContain("Namespace cache-namespace");
});

it("cluster: a StatefulSet for each shard, whose pods are kept apart and drained one at a time", async () => {
  const resources = await objects(planCluster("cache"));
  const named = list(resources).filter((one) => /^(StatefulSet|PodDisruptionBudget)/.test(one));
  expect(named).toEqual(
    [0, 1, 2].flatMap((s) => [`PodDisruptionBudget cache-shard-${s}-budget`, `StatefulSet cache-shard-${s}-set`]),
  );
});

it("no password is anywhere but in Secrets", async () => {
  const resources = (await objects(planSentinel("cache"))).filter(({ type }) => !type.endsWith(":Secret"));
  expect(JSON.stringify(resources)).not.toContain("of replication");
});

it("a password that changes replaces no pod, a directive that needs a restart does", async () => {
  const hash = async (args: Parameters<typeof planStandalone>[1]) => {
    const set = (await objects(planStandalone("cache", args))).find(({ type }) => type.endsWith(":StatefulSet"));
    const spec = set?.inputs.spec as { template: { metadata: { annotations: Record<string, string> } } } | undefined;
    return spec?.template.metadata.annotations["hearth.restart"];
  };
  const plain = await hash({});
  expect(plain).toMatch(/^[0-9a-f]{16}$/);
  expect(await hash({ slowlog: { maxLen: 7 } })).toBe(plain);
  expect(await hash({ ioThreads: 3 })).not.toBe(plain);
});
