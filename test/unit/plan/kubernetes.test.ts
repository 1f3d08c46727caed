import { describe, expect, it } from "vitest";
import { ArgumentChecker } from "../../../infra/plan/check-values.ts";
import { checkKubernetes } from "../../../infra/plan/kubernetes/check.ts";
import { nodeConf } from "../../../infra/plan/kubernetes/node-conf.ts";
import { onKubernetes } from "../../../infra/plan/kubernetes/nodes.ts";
import { podPaths } from "../../../infra/plan/kubernetes/paths.ts";
import { setsOf } from "../../../infra/plan/kubernetes/sets.ts";
import { resolveKubernetes } from "../../../infra/plan/kubernetes.ts";
import { planCluster, planSentinel } from "../../../infra/plan/topology.ts";

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
    expect(check({ bind: "0.0.0.0" }, "standalone", "My_Cache")).toEqual([
      'bind: "0.0.0.0" is for the target local: each pod binds its own address; leave it out',
      'name: "My_Cache" cannot be part of a pod\'s name: write small letters, digits and hyphens, 32 at most, a letter first',
    ]);
  });

  it("volumes are three times the memory, none for a cache that keeps nothing", () => {
    expect(resolveKubernetes({ memory: "1gb" })).toMatchObject({ storage: 3 * 1024 ** 3 });
    expect(resolveKubernetes({ persistence: "none" }).storage).toBeUndefined();
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
});
