import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AclUser, renderAcl } from "../../../infra/plan/acl.ts";
import type { StandaloneArgs } from "../../../infra/plan/args.ts";
import { resolveSecretDirectives } from "../../../infra/plan/secrets.ts";
import { planCluster, planSentinel, planStandalone, type TopologyPlan } from "../../../infra/plan/topology.ts";

const portsOf = (plan: TopologyPlan): number[] =>
  plan.nodes.flatMap(({ port, busPort }) => (busPort === undefined ? [port] : [port, busPort]));

const anyCluster = fc
  .record({
    primaries: fc.integer({ min: 3, max: 12 }),
    replicas: fc.nat(5),
    port: fc.integer({ min: 1024, max: 55_000 }),
  })
  .filter(({ primaries, replicas }) => replicas < primaries);

const anySentinel = fc.record({
  replicas: fc.integer({ min: 1, max: 10 }),
  sentinels: fc.integer({ min: 3, max: 15 }),
  port: fc.integer({ min: 1024, max: 20_000 }),
});

function expectSound(plan: TopologyPlan): void {
  const names = plan.nodes.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const ports = portsOf(plan);
  expect(new Set(ports).size).toBe(ports.length);
  for (const node of plan.nodes) {
    expect(node.peers).toEqual(names.filter((name) => name !== node.name));
    expect(node.directives.port).toBe(`${node.port}`);
  }
  // Data, and nothing but data: it can be stored and compared.
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
}

describe("clusters of every size", () => {
  it("have no port twice, and no shard with two nodes on one host", () => {
    fc.assert(
      fc.property(anyCluster, ({ primaries, replicas, port }) => {
        const plan = planCluster("cache", { primaries, replicasPerPrimary: replicas, port });
        expectSound(plan);
        expect(plan.nodes.length).toBe(primaries * (replicas + 1));
        for (let shard = 0; shard < primaries; shard++) {
          const nodes = plan.nodes.filter((node) => node.shard === shard);
          expect(nodes.filter((node) => node.role === "primary")).toHaveLength(1);
          expect(new Set(nodes.map((node) => node.host)).size).toBe(replicas + 1);
        }
        const perHost = Array.from(
          { length: primaries },
          (_, host) => plan.nodes.filter((node) => node.host === host).length,
        );
        expect(new Set(perHost).size).toBe(1);
      }),
    );
  });
});

describe("Sentinel topologies of every size", () => {
  it("have one primary, no port twice, and a quorum that is a majority", () => {
    fc.assert(
      fc.property(anySentinel, (args) => {
        const plan = planSentinel("cache", args);
        expectSound(plan);
        expect(plan.nodes.filter((node) => node.role === "primary").map((node) => node.name)).toEqual([
          plan.monitor?.primary,
        ]);
        expect(plan.nodes.filter((node) => node.role === "replica")).toHaveLength(args.replicas);
        expect(plan.nodes.filter((node) => node.kind === "sentinel")).toHaveLength(args.sentinels);
        expect((plan.monitor?.quorum ?? 0) * 2).toBeGreaterThan(args.sentinels);
        // Roles move: whichever node is the primary, it says the same.
        const data = plan.nodes.filter((node) => node.kind === "redis");
        const said = data.map(({ directives: { port: _, ...rest } }) => JSON.stringify(rest));
        expect(new Set(said).size).toBe(1);
      }),
    );
  });
});

describe("defaults", () => {
  it("of the three topologies are those of the documentation", () => {
    expect(portsOf(planStandalone("cache"))).toEqual([6379]);
    const sentinel = planSentinel("cache");
    expect(portsOf(sentinel)).toEqual([6379, 6380, 6381, 26379, 26380, 26381]);
    expect(sentinel.monitor).toEqual({ masterName: "mymaster", quorum: 2, primary: "cache-0" });
    expect(sentinel.nodes.at(-1)?.name).toBe("cache-sentinel-2");
    const cluster = planCluster("cache");
    expect(
      cluster.nodes.map(({ name, role, shard, host, port, busPort }) => [name, role, shard, host, port, busPort]),
    ).toEqual([
      ["cache-0", "primary", 0, 0, 7000, 17000],
      ["cache-1", "primary", 1, 1, 7001, 17001],
      ["cache-2", "primary", 2, 2, 7002, 17002],
      ["cache-3", "replica", 1, 0, 7003, 17003],
      ["cache-4", "replica", 2, 1, 7004, 17004],
      ["cache-5", "replica", 0, 2, 7005, 17005],
    ]);
  });

  it("of data are to remove nothing, and to write down everything", () => {
    const directives = (args: StandaloneArgs) => planStandalone("cache", args).nodes[0]?.directives;
    const kept = { "maxmemory-policy": "noeviction", appendonly: "yes", appendfsync: "everysec", save: "" };
    expect(directives({ purpose: "data" })).toMatchObject(kept);
    expect(directives({ purpose: "data", eviction: "volatile-ttl", persistence: "snapshots" })).toMatchObject({
      "maxmemory-policy": "volatile-ttl",
      appendonly: "no",
    });
    expect(directives({ purpose: "cache" })).toEqual(directives({}));
  });

  it("of the directives are those of the documentation", () => {
    expect(planStandalone("cache").nodes[0]?.directives).toEqual({
      port: "6379",
      "protected-mode": "yes",
      maxmemory: "256mb",
      "maxmemory-policy": "allkeys-lru",
      save: ["900 1", "300 10", "60 10000"],
      appendonly: "no",
      timeout: "0",
      "tcp-keepalive": "300",
      "tcp-backlog": "511",
      "slowlog-log-slower-than": "10000",
      "slowlog-max-len": "128",
      hz: "10",
      "dynamic-hz": "yes",
      "lazyfree-lazy-eviction": "yes",
      "lazyfree-lazy-expire": "yes",
      "lazyfree-lazy-server-del": "yes",
      "lazyfree-lazy-user-del": "yes",
      "lazyfree-lazy-user-flush": "yes",
      activedefrag: "no",
      "maxmemory-clients": "64mb",
      "latency-monitor-threshold": "100",
      "hash-max-listpack-entries": "512",
      "hash-max-listpack-value": "64",
      "hash-max-ziplist-entries": "512",
      "hash-max-ziplist-value": "64",
      "list-max-listpack-size": "-2",
      "list-max-ziplist-size": "-2",
      "set-max-intset-entries": "512",
      "set-max-listpack-entries": "128",
      "set-max-listpack-value": "64",
      "zset-max-listpack-entries": "128",
      "zset-max-listpack-value": "64",
      "zset-max-ziplist-entries": "128",
      "zset-max-ziplist-value": "64",
    });
    expect(planSentinel("cache").nodes[0]?.directives).toMatchObject({
      "min-replicas-to-write": "1",
      "min-replicas-max-lag": "5",
    });
    const bufferLimit = { "client-output-buffer-limit": "replica 256mb 64mb 60" };
    expect(planSentinel("cache", { replicas: 1 }).nodes[0]?.directives).toMatchObject({
      "min-replicas-to-write": "0",
      ...bufferLimit,
    });
    expect(planCluster("cache", { replicasPerPrimary: 2 }).nodes[0]?.directives).toMatchObject({
      "min-replicas-to-write": "1",
    });
    expect(planCluster("cache").nodes[0]?.directives).toMatchObject({
      "min-replicas-to-write": "0",
      ...bufferLimit,
      "cluster-enabled": "yes",
      "cluster-node-timeout": "5000",
    });
  });

  it("give way to the user's directives, whatever their case", () => {
    const extraDirectives = { Save: ["60 1"], "Lazyfree-lazy-expire": "no", "repl-backlog-size": "2mb" };
    const [node] = planCluster("cache", { extraDirectives }).nodes;
    expect(node?.directives).toMatchObject({
      save: ["60 1"],
      "lazyfree-lazy-expire": "no",
      "repl-backlog-size": "2mb",
    });
    expect(node?.directives).not.toHaveProperty("Save");
  });
});

describe("secrets", () => {
  const secrets = {
    passwords: { replication: "correct horse battery staple", sentinel: "wrong horse battery staple" },
  };

  it("are in no plan, also where the password is given", () => {
    const password = "correct horse battery staple";
    for (const plan of [planStandalone, planSentinel, planCluster]) {
      expect(JSON.stringify(plan("cache", { password, passwords: { operator: password } }))).not.toContain(password);
    }
  });

  it("are put into the directives that name them", () => {
    const { replication, sentinel: watching } = secrets.passwords;
    const [data, , , sentinel] = planSentinel("cache", { masterName: "main" }).nodes;
    expect(resolveSecretDirectives(data?.secretDirectives ?? {}, secrets)).toEqual({ masterauth: replication });
    expect(resolveSecretDirectives(sentinel?.secretDirectives ?? {}, secrets)).toEqual({
      "sentinel sentinel-pass": watching,
      "sentinel auth-pass main": watching,
    });
  });

  it("are hashed for the ACL, the one before as well while it is replaced", () => {
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    const user: AclUser = { user: "replication", keys: ["a:*"], channels: [], commands: ["-@all", "+ping"] };
    const [now, before] = [secrets.passwords.replication, "old horse battery staple"];
    expect(renderAcl([user], secrets)).toEqual([
      "user default off resetpass -@all +hello",
      `user replication on #${hash(now)} ~a:* resetchannels -@all +ping`,
    ]);
    expect(renderAcl([user], { ...secrets, previous: { replication: before } })[1]).toContain(
      ` on #${hash(now)} #${hash(before)} ~a:*`,
    );
  });

  it("that are missing are an error, never an open door", () => {
    const user: AclUser = { user: "app", keys: [], channels: [], commands: [] };
    const said = 'the password of the user "app" that the plan refers to was not given';
    expect(() => renderAcl([user], secrets)).toThrow(said);
    expect(() => renderAcl([user], { passwords: { app: "" } })).toThrow(said);
  });
});
