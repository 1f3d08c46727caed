import { expect, it } from "vitest";
import { detectionMs } from "../../infra/plan/detection.ts";
import { planCluster, planSentinel, planStandalone, type TopologyPlan } from "../../infra/plan/topology.ts";

const of = (plan: TopologyPlan) => plan.nodes.map((node) => detectionMs(plan, node));

it("is the time of the sentinels for data nodes, and none for the sentinels", () => {
  expect(of(planSentinel("cache", { downAfter: "7 seconds" }))).toEqual([7000, 7000, 7000, ...Array(3)]);
});

it("is the cluster's own, where a shard has replicas", () => {
  expect(of(planCluster("cache", { nodeTimeout: "4 seconds" }))).toEqual(Array(6).fill(4000));
  expect(of(planCluster("cache", { replicasPerPrimary: 0 }))).toEqual(Array(3));
});

it("is none for a server without others", () => {
  expect(of(planStandalone("cache"))).toEqual([undefined]);
});
