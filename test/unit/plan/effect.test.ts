import { expect, it } from "vitest";
import { withDirectives } from "../../../contract/nodes.ts";
import { dependentOnVersion, versionsByRange } from "../../../infra/plan/directives/directives.ts";
import { byEffect } from "../../../infra/plan/directives/effect.ts";
import { planSentinel, planStandalone } from "../../../infra/plan/topology.ts";

const effect = (plan: ReturnType<typeof planStandalone>, name: string) => {
  const node = plan.nodes.find((one) => one.name === name);
  if (!node) throw new Error(`the plan has no node ${name}`);
  return { ...byEffect(node.kind, node.directives), all: node.directives };
};

it("every directive of a data node is in one of the two, with its value", () => {
  const { live, restart, all } = effect(planStandalone("cache", { ioThreads: 4, bind: "127.0.0.1" }), "cache-0");
  expect({ ...restart, ...live }).toEqual(all);
  expect(Object.keys(restart)).toEqual(["port", "tcp-backlog", "io-threads"]);
  expect(live).toMatchObject({ maxmemory: "256mb", save: ["900 1", "300 10", "60 10000"], bind: "127.0.0.1" });
});

it("a cluster's own directives need a restart", () => {
  const directives = { "cluster-enabled": "yes", "cluster-config-file": "nodes.conf", "cluster-node-timeout": "5000" };
  expect(byEffect("redis", directives)).toEqual({
    live: { "cluster-node-timeout": "5000" },
    restart: { "cluster-enabled": "yes", "cluster-config-file": "nodes.conf" },
  });
});

it("a sentinel takes what SENTINEL SET takes", () => {
  const { live, restart } = effect(planSentinel("cache"), "cache-sentinel-0");
  expect(Object.keys(live)).toEqual([
    "sentinel down-after-milliseconds mymaster",
    "sentinel failover-timeout mymaster",
    "sentinel parallel-syncs mymaster",
    "sentinel auth-user mymaster",
    "sentinel sentinel-user",
  ]);
  expect(Object.keys(restart)).toEqual(["port", "protected-mode", "sentinel deny-scripts-reconfig"]);
});

it("which versions are given what is held by version, and read by the tool as it was", () => {
  const { all } = effect(planStandalone("cache"), "cache-0");
  const names = [...Object.keys(all), "io-threads-do-reads", "gopher-enabled"];
  const versions = versionsByRange(names);
  expect(Object.keys(versions).sort()).toEqual(["since 6.2", "since 7.0", "since 7.2", "until 6.2", "until 7.4"]);
  expect(versions["until 7.4"]).toBe("io-threads-do-reads");
  const { directiveVersions } = withDirectives({ live: {}, restart: {}, versions });
  expect(directiveVersions).toEqual(dependentOnVersion(names));
  const both = { "since 6.2 until 7.0": "a b" };
  expect(withDirectives({ live: {}, versions: both }).directiveVersions).toEqual({
    a: { since: "6.2", until: "7.0" },
    b: { since: "6.2", until: "7.0" },
  });
});
