import { describe, expect, it } from "vitest";
import type { TopologyName } from "../../../infra/plan/args.ts";
import { checkDeployment } from "../../../infra/plan/check.ts";
import { ArgumentChecker } from "../../../infra/plan/check-values.ts";
import { checkKubernetes } from "../../../infra/plan/kubernetes/check.ts";
import { configData } from "../../../infra/plan/kubernetes/config-data.ts";
import { namespaceOf } from "../../../infra/plan/kubernetes/manifest.ts";
import { nodeConf } from "../../../infra/plan/kubernetes/node-conf.ts";
import { onKubernetes } from "../../../infra/plan/kubernetes/nodes.ts";
import { podPaths } from "../../../infra/plan/kubernetes/paths.ts";
import { setsOf } from "../../../infra/plan/kubernetes/sets.ts";
import { resolveKubernetes } from "../../../infra/plan/kubernetes.ts";
import { planCluster, planSentinel, planStandalone } from "../../../infra/plan/topology.ts";
import { said } from "../../support/said.ts";

const check = (args: Record<string, unknown>, topology = "sentinel", name = "cache") => {
  const checker = new ArgumentChecker(args);
  checkKubernetes(name, checker, topology);
  const lines = (list: readonly { property: string; message: string }[]) =>
    list.map(({ property, message }) => `${property}: ${message}`);
  return [...lines(checker.findings.refusals), ...lines(checker.findings.warnings)];
};

describe("arguments of the target kubernetes", () => {
  it("accepts what is right", () => {
    const kubernetes = { namespace: "shop", storage: "4gb", cpu: "500m", cpuLimit: "2", user: "999:999" };
    expect(check({ kubernetes: { ...kubernetes, clients: [{ labels: { app: "web" } }], image: "redis:7" } })).toEqual(
      [],
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { namespace: "My Shop" },
      'kubernetes.namespace: "My Shop" is not a name: write small letters, digits and hyphens, 63 at most; did you mean "my-shop"?',
    ],
    [
      { cpu: "0.5 cores" },
      'kubernetes.cpu: "0.5 cores" is not an amount of CPU: write cores such as "2", or thousandths such as "500m"',
    ],
    [
      { user: "0:0" },
      'kubernetes.user: "0:0" is root, as which no server runs: write two numbers, user and group, such as "999:999"',
    ],
    [
      { clients: [{ labels: {} }] },
      'kubernetes.clients.0: {"labels":{}} names no labels: write [{ labels: { app: "web" } }], with namespace: "shop" where they are in another one',
    ],
    [{ storage: "100mb" }, 'kubernetes.storage: "100mb" is too little: write "1gb" to "16384gb", such as "4gb"'],
    [
      { storage: "none" },
      'kubernetes.storage: "none" keeps what persistence "snapshots" writes only as long as the pod: write a size, or persistence "none"',
    ],
  ])("%j", (kubernetes, message) => {
    expect(check({ kubernetes })).toEqual([message]);
  });

  it("refuses names that no pod can have, and what is for other targets", () => {
    const name = "a-cache-whose-name-is-longer-than-32";
    expect(check({ bind: "0.0.0.0", firewall: "print", hostTuning: "apply" }, "standalone", name)).toEqual([
      'bind: "0.0.0.0" is for the target local: each pod binds its own address; leave it out',
      'firewall: "print" is for other targets: pods are closed by a NetworkPolicy; leave it out',
      'hostTuning: "apply" is for the target local: machines of a cluster are tuned by who runs it, as docs/host.md says; leave it out',
      `name: "${name}" is too long for a pod's name: write 32 characters at most`,
    ]);
  });

  it("volumes are three times the memory, none for a cache that keeps nothing", () => {
    expect(resolveKubernetes({ target: "kubernetes", memory: "1gb" })).toMatchObject({ storage: 3 * 1024 ** 3 });
    expect(resolveKubernetes({ target: "kubernetes", persistence: "none" })).not.toHaveProperty("storage");
    expect(resolveKubernetes({ target: "docker" })).toBeUndefined();
  });
});

describe("a topology on Kubernetes", () => {
  const kubernetes = { target: "kubernetes" } as const;

  it.each<[TopologyName, object, string]>([
    [
      "standalone",
      { ...kubernetes, docker: { publish: true } },
      'docker: is for the target "docker", and target is "kubernetes": write target "docker", or leave it out',
    ],
    [
      "sentinel",
      { target: "docker", kubernetes: { namespace: "shop" } },
      'kubernetes: is for the target "kubernetes", and target is "docker": write target "kubernetes", or leave it out',
    ],
    [
      "cluster",
      { ...kubernetes, memory: "4mb", memoryLimit: "8mb" },
      'memoryLimit: "8mb" is too little for a container: write at least "16mb"',
    ],
    [
      "sentinel",
      { ...kubernetes, port: 9121 },
      "port: 9121 of the data nodes overlaps 9121 of the exporter beside it: write a port outside, such as 6379",
    ],
    [
      "standalone",
      { ...kubernetes, kubernetes: { publish: true } },
      "kubernetes.publish: is not an argument of kubernetes, which takes namespace, kubeconfig, context, image, exporterImage, runnerImage, demoImage, storage, storageClass, cpu, cpuLimit, user, clients, monitoring, primaryService, serviceMonitor",
    ],
  ])("%s %j is refused", (topology, args, message) => {
    expect(said(topology, args)).toEqual([message]);
  });

  it("has one port for all nodes, and its clients are let in by a policy", () => {
    expect(said("sentinel", { ...kubernetes, port: 26378, exporters: false })).toEqual([]);
    const { refusals, warnings } = checkDeployment("cache", {
      topology: "standalone",
      args: { ...kubernetes, clients: ["10.0.0.0/24"] },
    });
    expect([refusals, warnings]).toEqual([[], []]);
  });

  it("leaves a quarter of the pod's memory to all but data", () => {
    const { kubernetes: target, nodes } = planStandalone("cache", { ...kubernetes, memoryLimit: "400mb" });
    expect(target?.memoryLimit).toBe(400 * 1024 ** 2);
    expect(nodes[0]?.directives.maxmemory).toBe("300mb");
  });

  it("has a namespace whose name is one", () => {
    expect(namespaceOf("shop-prod-cache")).toBe("shop-prod-cache");
    expect(namespaceOf("My.Shop-prod-cache")).toMatch(/^my-shop-prod-cache-[0-9a-f]{8}$/);
    expect(namespaceOf("my_shop-prod-cache")).not.toBe(namespaceOf("my.shop-prod-cache"));
    expect(namespaceOf(`a-${"long-".repeat(20)}name`)).toMatch(/^[a-z0-9-]{54}-[0-9a-f]{8}$/);
  });
});

describe("the plan as pods have it", () => {
  it("nodes of a cluster are called by their shard, and all use one port", () => {
    const plan = onKubernetes(planCluster("cache"), "shop");
    expect(plan.nodes.map(({ name }) => name)).toEqual(
      ["0-0", "1-0", "2-0", "1-1", "2-1", "0-1"].map((pod) => `cache-shard-${pod}`),
    );
    expect(new Set(plan.nodes.map(({ port, busPort }) => `${port} ${busPort}`))).toEqual(new Set(["7000 17000"]));
    for (const { nodes } of setsOf(plan)) expect(nodes.map(({ role }) => role)).toEqual(["primary", "replica"]);
    expect(plan.nodes[0]?.peers).not.toContain("cache-3");
  });

  it("announce their Services' names; the sentinels look names up", () => {
    const plan = onKubernetes(planSentinel("cache"), "shop");
    expect(plan.nodes[1]?.directives).toMatchObject({ "replica-announce-ip": "cache-1.shop.svc", port: "6379" });
    const sentinel = plan.nodes[3];
    expect(sentinel?.directives).toMatchObject({
      "sentinel resolve-hostnames": "yes",
      "sentinel announce-ip": "cache-sentinel-0.shop.svc",
    });
    const conf = nodeConf(plan.nodes[1] as never, { paths: podPaths, host: "cache-1.shop.svc" });
    expect(conf).toContain("#hearth at cache-1.shop.svc 6379\n#hearth role replica\n");
    expect(conf).toContain("#if 7.0- maxmemory-clients 64mb\n");
    expect(conf).not.toContain("masterauth");
  });

  it("a node timeout is in each node's file and in no script: another script would replace the pods", () => {
    const data = (nodeTimeout: string) => {
      const plan = onKubernetes(planCluster("cache", { nodeTimeout }), "shop");
      const [set] = setsOf(plan);
      return configData(plan, set?.nodes ?? [], (name) => ({ host: name, port: plan.nodes[0]?.port ?? 0 }));
    };
    const [short, long] = [data("2 seconds"), data("30 seconds")];
    expect(short["cache-shard-0-1.conf"]).toContain("#hearth takeover 12\n");
    expect(long["cache-shard-0-1.conf"]).toContain("#hearth takeover 40\n");
    for (const script of ["start.sh", "prestop.sh", "health.sh"]) expect(long[script]).toBe(short[script]);
    expect(short["start.sh"]).toContain("takeover=");
  });
});
