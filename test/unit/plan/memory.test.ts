import { describe, expect, it } from "vitest";
import type { RedisArgs, SentinelArgs } from "../../../infra/plan/args.ts";
import { dependentOnVersion } from "../../../infra/plan/directives/directives.ts";
import { planSentinel, planStandalone } from "../../../infra/plan/topology.ts";
import { isIn } from "../../../ops/redis-version.ts";

const standalone = (args: RedisArgs) => planStandalone("cache", args).nodes[0]?.directives ?? {};
const sentinel = (args: SentinelArgs) => planSentinel("cache", args).nodes[0]?.directives ?? {};

describe("memory", () => {
  it.each<[RedisArgs, string, string]>([
    [{}, "256mb", "64mb"],
    [{ memoryLimit: "1gb" }, "768mb", "192mb"],
    [{ memoryLimit: "500mb" }, "375mb", "93mb"],
    [{ memoryLimit: "2mb" }, "1mb", "32mb"],
    [{ memory: "100mb", memoryLimit: "1gb" }, "100mb", "32mb"],
    [{ memory: "8gb" }, "8gb", "2gb"],
    [{ maxmemoryClients: "5%" }, "256mb", "5%"],
    [{ maxmemoryClients: 0 }, "256mb", "0"],
  ])("%j: maxmemory %s, maxmemory-clients %s", (args, maxmemory, clients) => {
    expect(standalone(args)).toMatchObject({ maxmemory, "maxmemory-clients": clients });
  });

  it.each<[SentinelArgs, string]>([
    [{}, "replica 256mb 64mb 60"],
    [{ memory: "8gb" }, "replica 2gb 512mb 60"],
    [{ memoryLimit: "1gb" }, "replica 128mb 32mb 60"],
    [{ memory: "60mb", memoryLimit: "64mb" }, "replica 16mb 4mb 60"],
  ])("%j: what waits for a replica is at most %s", (args, limit) => {
    expect(sentinel(args)["client-output-buffer-limit"]).toBe(limit);
  });

  it("limits of other clients leave that of replicas as it is, unless they name it", () => {
    const name = "client-output-buffer-limit";
    expect(sentinel({ extraDirectives: { [name]: "pubsub 1mb 1mb 9" } })[name]).toEqual([
      "replica 256mb 64mb 60",
      "pubsub 1mb 1mb 9",
    ]);
    expect(sentinel({ extraDirectives: { [name]: "slave 0 0 0" } })[name]).toBe("slave 0 0 0");
  });
});

it.each([
  [undefined, undefined],
  [3, undefined],
  [4, "3"],
  [8, "6"],
  [64, "8"],
])("%j cores: io-threads %j", (cores, threads) => {
  expect(standalone({ cores })["io-threads"]).toBe(threads);
});

describe("names of a version", () => {
  const names = Object.keys(standalone({}));
  const given = (version: string) => {
    const ranges = dependentOnVersion(names);
    return names.filter(
      (name) => isIn(version, ranges[name] ?? {}) && /listpack|ziplist|clients|user-flush/.test(name),
    );
  };
  const old = ["hash-max-ziplist-entries", "hash-max-ziplist-value", "list-max-ziplist-size"];
  const today = ["hash-max-listpack-entries", "hash-max-listpack-value", "list-max-listpack-size"];
  const sorted = (kind: string) => [`zset-max-${kind}-entries`, `zset-max-${kind}-value`];
  const sets = ["set-max-listpack-entries", "set-max-listpack-value"];

  it.each([
    ["6.0.16", [...old, ...sorted("ziplist")]],
    ["6.2.14", [...old, ...sorted("ziplist"), "lazyfree-lazy-user-flush"]],
    ["7.0.15", [...today, ...sorted("listpack"), "lazyfree-lazy-user-flush", "maxmemory-clients"]],
    ["7.2.6", [...today, ...sorted("listpack"), ...sets, "lazyfree-lazy-user-flush", "maxmemory-clients"]],
    ["8.2.0", [...today, ...sorted("listpack"), ...sets, "lazyfree-lazy-user-flush", "maxmemory-clients"]],
  ])("Redis %s is given its own", (version, expected) => {
    expect(given(version).toSorted()).toEqual(expected.toSorted());
  });
});

it("what a server must be looked at for is what was asked for, with its versions", () => {
  const args: RedisArgs = {
    activeDefrag: true,
    maxmemoryClients: "64mb",
    encodings: { setMaxListpackEntries: 64, hashMaxListpackEntries: 64 },
    extraDirectives: { "Maxmemory-Samples": "7", "latency-tracking": "no" },
  };
  expect(planStandalone("cache").asked).toEqual([]);
  expect(planStandalone("cache", args).asked).toEqual([
    { property: "extraDirectives.Maxmemory-Samples", directive: "maxmemory-samples", value: "7" },
    { property: "extraDirectives.latency-tracking", directive: "latency-tracking", value: "no", since: "7.0" },
    { property: "activeDefrag", directive: "activedefrag", value: "yes" },
    { property: "maxmemoryClients", directive: "maxmemory-clients", value: "64mb", since: "7.0" },
    { property: "encodings.setMaxListpackEntries", directive: "set-max-listpack-entries", value: "64", since: "7.2" },
  ]);
});
