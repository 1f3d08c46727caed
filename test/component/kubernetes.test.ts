import * as kubernetes from "@pulumi/kubernetes";
import { isSecret, type Output, output } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { RedisCluster, RedisSentinel, RedisStandalone } from "../../infra/index.ts";
import { type Registered, registered, registeredInOrder, resolved } from "../support/mocks.ts";

const dynamic = "pulumi-nodejs:dynamic/hearth";
const args = { target: "kubernetes" } as const;
const list = (resources: readonly Registered[]) =>
  resources.map(({ type, name }) => `${type.startsWith("kubernetes:") ? type.split(":").at(-1) : type} ${name}`);
/** Without the envelope that a secret comes in. */
const plain = (value: unknown) => (value as { value?: unknown } | undefined)?.value ?? value;
const rolloutOf = (resources: readonly Registered[]) => {
  const { inputs = {} } = resources.find(({ type }) => type === `${dynamic}:Rollout`) ?? {};
  const { nodes, secrets, runner, revisions } = inputs;
  return {
    nodes: nodes as { name: string }[],
    secrets: plain(secrets) as object,
    runner: plain(runner) as object,
    revisions,
  };
};

describe("the children of a component on Kubernetes", () => {
  it("standalone: a namespace, closed doors, names, files, one StatefulSet, and the wait for its pod", async () => {
    expect(list(await registered(() => new RedisStandalone("cache", args)))).toEqual([
      "hearth:index:RedisStandalone cache",
      "Service cache",
      "Service cache-0",
      "PodDisruptionBudget cache-budget",
      "ConfigMap cache-config",
      "Secret cache-exporter",
      `${dynamic}:Formation cache-formation`,
      `${dynamic}:KubernetesHost cache-host`,
      "pulumi:providers:kubernetes cache-kubernetes",
      "Namespace cache-namespace",
      `${dynamic}:Passwords cache-passwords`,
      "Service cache-pods",
      "NetworkPolicy cache-policy",
      `${dynamic}:Readiness cache-readiness`,
      `${dynamic}:Rollout cache-rollout`,
      "Secret cache-secret",
      "StatefulSet cache-set",
    ]);
  });

  it("sentinel: the client Service leads to the sentinels, never to a replica", async () => {
    const resources = await registered(
      () => new RedisSentinel("cache", { ...args, kubernetes: { namespace: "shop" }, exporters: false }),
    );
    const service = resources.find(({ name, type }) => name === "cache" && type.endsWith(":Service"));
    expect(service?.inputs.spec).toMatchObject({
      selector: { "hearth.cache": "cache", "hearth.kind": "sentinel" },
      ports: [{ name: "sentinel", port: 26379 }],
    });
    expect(list(resources)).not.toContain("Namespace cache-namespace");
    expect(list(resources)).not.toContain("Secret cache-exporter");
  });

  it("cluster: a StatefulSet for each shard, whose pods are kept apart and drained one at a time", async () => {
    const resources = await registered(() => new RedisCluster("cache", args));
    const named = list(resources).filter((one) => /^(StatefulSet|PodDisruptionBudget)/.test(one));
    expect(named).toEqual(
      [0, 1, 2].flatMap((s) => [`PodDisruptionBudget cache-shard-${s}-budget`, `StatefulSet cache-shard-${s}-set`]),
    );
  });

  it("files before pods, pods before the rollout, that before formation", async () => {
    const names = (await registeredInOrder(() => new RedisSentinel("cache", args))).map(({ name }) => name);
    const order = ["cache-namespace", "cache-config", "cache-host", "cache-set", "cache-rollout", "cache-formation"];
    const places = [...order, "cache-readiness"].map((name) => names.indexOf(name));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(names.indexOf("cache-sentinel-secret")).toBeLessThan(names.indexOf("cache-set"));
  });

  it("no object waits for pods: the rollout does", async () => {
    const resources = await registered(() => new RedisCluster("cache", args));
    for (const { type, name, inputs } of resources.filter(({ type }) => /:(Service|StatefulSet)$/.test(type))) {
      const { annotations } = inputs.metadata as { annotations: Record<string, string> };
      expect(annotations, `${type} ${name}`).toMatchObject({ "pulumi.com/skipAwait": "true" });
    }
  });

  it("a ConfigMap or a Secret is changed in its place", async () => {
    const resources = await registered(() => new RedisStandalone("cache", args));
    expect(resources.find(({ type }) => type === "pulumi:providers:kubernetes")?.inputs).toMatchObject({
      ...{ enableConfigMapMutable: "true", enableSecretMutable: "true" },
    });
  });
});

describe("what the operations are told", () => {
  it("nodes by the names of their pods and Services, Jobs by the labels that let them in", async () => {
    const resources = await registered(() => new RedisCluster("cache", { ...args, kubernetes: { context: "lab" } }));
    const { nodes, secrets, runner, revisions } = rolloutOf(resources);
    const own = { "hearth.project": "hearth", "hearth.stack": "test", "hearth.cache": "cache" };
    expect(runner).toEqual({
      ...{ kubernetes: { context: "lab" }, namespace: "hearth-test-cache" },
      ...{ image: "node:24-alpine", demoImage: "postgres:17-alpine" },
      labels: { ...own, "hearth.kind": "runner" },
    });
    expect(revisions).toHaveLength(3);
    expect(nodes).toHaveLength(6);
    expect(JSON.stringify(nodes)).not.toContain("generated-");
    expect(Object.keys(secrets)).toEqual(nodes.map(({ name }) => name).sort());
    expect(secrets).toHaveProperty("cache-shard-0-0.password", "generated-operator");
    expect(nodes[4]).toMatchObject({
      ...{ name: "cache-shard-2-1", set: "cache-shard-2", host: "cache-shard-2-1.hearth-test-cache.svc", port: 7000 },
      ...{ role: "replica", shard: 2, username: "operator", topology: "cluster" },
    });
    const formation = resources.find(({ name }) => name === "cache-formation");
    expect(formation?.inputs).toMatchObject({ runner, instances: { length: 6 } });
    expect(formation?.inputs.members).toContainEqual({
      ...{
        name: "cache-shard-0-0",
        host: "cache-shard-0-0.hearth-test-cache.svc",
        port: 7000,
        role: "primary",
        shard: 0,
      },
    });
  });

  it("a revision is another one where a StatefulSet is, and not with a directive that is set live", async () => {
    const revisions = async (more: object) =>
      rolloutOf(await registered(() => new RedisStandalone("cache", { ...args, ...more }))).revisions;
    const before = await revisions({});
    expect(await revisions({ slowlog: { maxLen: 7 } })).toEqual(before);
    expect(await revisions({ ioThreads: 3 })).not.toEqual(before);
    expect(await revisions({ kubernetes: { image: "redis:8" } })).not.toEqual(before);
  });

  it("the monitor, the certificates and the exporters are those of the pods", async () => {
    let cache: RedisSentinel | undefined;
    const resources = await registered(() => {
      cache = new RedisSentinel("cache", { ...args, tls: "generated", kubernetes: { namespace: "shop" } });
    });
    expect(rolloutOf(resources).nodes[0]).toMatchObject({
      monitor: { masterName: "mymaster", primary: { host: "cache-0.shop.svc", port: 6379 } },
      sentinels: [0, 1, 2].map((index) => ({ host: `cache-sentinel-${index}.shop.svc`, port: 26379 })),
    });
    const certificates = resources.find(({ name }) => name === "cache-certificates")?.inputs.nodes as object[];
    expect(certificates[1]).toMatchObject({
      name: "cache-1",
      hosts: expect.arrayContaining(["cache-1.shop.svc", "cache.shop.svc", "127.0.0.1"]),
    });
    expect(cache?.plan.nodes.map(({ port }) => port)).toEqual([6379, 6379, 6379, 26379, 26379, 26379]);
    expect((await resolved((cache as RedisSentinel).scrapeConfig))?.targets[3]).toMatchObject({
      target: "cache-sentinel-0.cache-sentinel-pods.shop.svc:9121",
      labels: { node: "cache-sentinel-0", kind: "sentinel" },
    });
    const endpoint = await resolved((cache as RedisSentinel).endpoint);
    expect(endpoint).toMatchObject({ nodes: { length: 3 }, sentinels: { length: 3 }, tls: { ca: "authority" } });
    const secret = resources.find(({ name, type }) => name === "cache-secret" && type.endsWith(":Secret"));
    expect(plain(secret?.inputs.stringData)).toMatchObject({
      "ca.crt": "authority",
      "cache-2.crt": "certificate of cache-2",
      "cache-2.key": "key of cache-2",
    });
  });

  it("the text of a kubeconfig is a secret, its path is none", async () => {
    for (const [kubeconfig, expected] of [
      ["/home/me/.kube/config", false],
      ["apiVersion: v1\nkind: Config\n", true],
    ] as const) {
      let runner: Output<unknown> | undefined;
      await registered(() => {
        runner = new RedisStandalone("cache", { ...args, kubernetes: { kubeconfig } }).runner;
      });
      expect(await isSecret(runner as Output<unknown>), kubeconfig).toBe(expected);
    }
  });

  it("a kubeconfig may be an output, as where the same program makes the cluster", async () => {
    let runner: Output<unknown> | undefined;
    const resources = await registered(() => {
      const kubeconfig = output("of a cluster that is made");
      runner = new RedisStandalone("cache", { ...args, kubernetes: { kubeconfig, context: "new" } }).runner;
    });
    expect(await isSecret(runner as Output<unknown>)).toBe(true);
    const known = { kubeconfig: "of a cluster that is made", context: "new" };
    expect(rolloutOf(resources).runner).toMatchObject({ kubernetes: known });
    const provider = resources.find(({ type }) => type === "pulumi:providers:kubernetes")?.inputs;
    expect([plain(provider?.kubeconfig), provider?.context]).toEqual([known.kubeconfig, "new"]);
  });

  it("a provider that the component is given is no substitute for them", async () => {
    const lab = (given: object) =>
      registered(() => {
        const provider = new kubernetes.Provider("lab", { context: "lab" });
        return new RedisStandalone("cache", { ...args, kubernetes: given }, { providers: { kubernetes: provider } });
      });
    await expect(lab({})).rejects.toThrow(
      "a provider of @pulumi/kubernetes does not tell Hearth's own tool where its cluster is: write kubernetes: { kubeconfig, context } as that provider has them",
    );
    await expect(lab({ context: "lab" })).resolves.toBeDefined();
  });
});

it("no password is anywhere but in Secrets, and in what speaks to the servers", async () => {
  const resources = await registered(() => new RedisSentinel("cache", { ...args, tls: "generated" }));
  const open = resources.filter(({ type }) => type.startsWith("kubernetes:") && !type.endsWith(":Secret"));
  expect(open.length).toBeGreaterThan(10);
  expect(JSON.stringify(open)).not.toMatch(/generated-|key of/);
});
