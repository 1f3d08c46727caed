import { expect, it } from "vitest";
import type { PrimaryProxySettings } from "../../contract/primary.ts";
import { RedisCluster, RedisSentinel } from "../../infra/index.ts";
import { type Registered, registered } from "../support/mocks.ts";

const args = { target: "kubernetes", clients: ["10.0.0.0/8"] } as const;
const list = (resources: readonly Registered[]) =>
  resources
    .filter(({ name }) => name.includes("-primary"))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
const specOf = (resources: readonly Registered[], type: string) =>
  resources.find((one) => one.type.endsWith(`:${type}`) && one.name.includes("-primary"))?.inputs.spec as object;

it("sentinel: a Service leads to proxies that know all sentinels, and nobody else's way there is open", async () => {
  const resources = await registered(
    () => new RedisSentinel("cache", { ...args, downAfter: "2 seconds", kubernetes: { namespace: "shop" } }),
  );
  expect(list(resources)).toEqual([
    "Service cache-primary",
    "Deployment cache-primary",
    "PodDisruptionBudget cache-primary-budget",
    "ConfigMap cache-primary-config",
    "NetworkPolicy cache-primary-policy",
    "Secret cache-primary-secret",
  ]);
  const labels = { "hearth.project": "hearth", "hearth.stack": "test", "hearth.cache": "cache" };
  const own = { ...labels, "hearth.kind": "primary" };
  expect(specOf(resources, "Service")).toMatchObject({ selector: own, ports: [{ port: 6379, targetPort: 6379 }] });
  const members = { key: "hearth.kind", operator: "In", values: ["redis", "sentinel"] };
  expect(specOf(resources, "NetworkPolicy")).toEqual({
    podSelector: { matchLabels: own },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ protocol: "TCP", port: 6379 }] }],
    egress: [
      {
        to: [{ podSelector: { matchLabels: labels, matchExpressions: [members] } }],
        ports: [6379, 26379].map((port) => ({ protocol: "TCP", port })),
      },
      { ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })) },
    ],
  });
  const nodes = resources.find(({ name }) => name === "cache-policy")?.inputs.spec as { ingress: { from: object[] }[] };
  expect(nodes.ingress.flatMap(({ from }) => from)).toContainEqual({ podSelector: { matchLabels: own } });

  const config = resources.find(({ name }) => name === "cache-primary-config")?.inputs.data as Record<string, string>;
  const settings: PrimaryProxySettings = JSON.parse(config["settings.json"] as string);
  expect(settings).toMatchObject({
    masterName: "mymaster",
    sentinels: [0, 1, 2].map((index) => ({ host: `cache-sentinel-${index}.shop.svc`, port: 26379 })),
    // Less than the sentinels wait.
    leaseMs: 1200,
    failoverTimeoutMs: 10_000,
  });
  expect(config["primary.mjs"]?.length).toBeLessThan(20_000);
});

it("nobody is let in where no client is named", async () => {
  const resources = await registered(() => new RedisSentinel("cache", { target: "kubernetes" }));
  expect(specOf(resources, "NetworkPolicy")).toMatchObject({ ingress: [] });
});

it("with TLS the proxies have a client's certificate, and the servers the Service's names", async () => {
  const resources = await registered(() => new RedisSentinel("cache", { ...args, tls: { mutual: true } }));
  const certificates = resources.find(({ name }) => name === "cache-certificates")?.inputs.nodes;
  expect(certificates).toContainEqual(
    expect.objectContaining({ hosts: expect.arrayContaining(["cache-primary.hearth-test-cache.svc"]) }),
  );
  const config = resources.find(({ name }) => name === "cache-primary-config")?.inputs.data as Record<string, string>;
  expect(JSON.parse(config["settings.json"] as string).tls).toEqual({
    ...{ ca: "/hearth/secret/ca.crt", cert: "/hearth/secret/client.crt", key: "/hearth/secret/client.key" },
  });
});

it("there is none where nobody wants it, and none of a cluster", async () => {
  const without = { ...args, kubernetes: { primaryService: false } };
  for (const make of [() => new RedisSentinel("cache", without), () => new RedisCluster("cache", args)]) {
    const resources = await registered(make);
    expect(list(resources)).toEqual([]);
    expect(JSON.stringify(resources.find(({ name }) => name === "cache-policy")?.inputs)).not.toContain('"primary"');
  }
});
