import { describe, expect, it } from "vitest";
import { hostNeedsSchema } from "../../../contract/host.ts";
import { hostNeeds, machineSizes } from "../../../infra/plan/host.ts";
import { planCluster, planSentinel, planStandalone } from "../../../infra/plan/topology.ts";
import { bytes } from "../../../infra/plan/units.ts";

const gb = 1024 ** 3;

describe("what a plan needs of its machine", () => {
  it("one server", () => {
    expect(hostNeeds(planStandalone("cache", { memory: "1gb" }))).toEqual({
      dataNodes: 1,
      sentinels: 0,
      memory: gb,
      largestNode: gb,
      buffers: 0,
      maxClients: 10_000,
      backlog: 511,
      data: 2 * gb,
      machine: {
        memory: { minimum: 2 * gb, recommended: 4 * gb },
        disk: { minimum: 10 * gb, recommended: 10 * gb },
        cores: { minimum: 2, recommended: 4 },
      },
    });
  });

  it.each([
    ["sentinel", planSentinel("cache", { memory: "1gb" }), { dataNodes: 3, sentinels: 3, memory: 3 * gb }],
    ["cluster", planCluster("cache", { memory: "1gb" }), { dataNodes: 6, sentinels: 0, memory: 6 * gb }],
  ])("%s: all nodes together, on a machine for operation", (_, plan, expected) => {
    const needs = hostNeeds(plan);
    expect(needs).toMatchObject({ ...expected, largestNode: gb, data: 2 * expected.memory });
    expect(needs.machine).toEqual(machineSizes.highAvailability);
    expect(hostNeedsSchema.parse(needs)).toEqual(needs);
  });

  it.each([
    ["none", 0, 0],
    ["snapshots", 2 * gb, 10 * gb],
    ["aof", 3 * gb, 10 * gb],
  ] as const)("disk with persistence %s", (persistence, data, minimum) => {
    const needs = hostNeeds(planStandalone("cache", { memory: "1gb", persistence }));
    expect(needs.data).toBe(data);
    expect(needs.machine.disk.minimum).toBe(minimum);
  });

  it("buffers for the replicas of each primary", () => {
    const plan = planSentinel("cache", { memory: "1gb" });
    const [limit = ""] = [plan.nodes[0]?.directives["client-output-buffer-limit"] ?? []].flat();
    const [, size = "0"] = /^replica (\S+)/.exec(limit) ?? [];
    expect(bytes(size)).toBeGreaterThan(0);
    expect(hostNeeds(plan).buffers).toBe(bytes(size));
    expect(hostNeeds(planCluster("cache", { memory: "1gb" })).buffers).toBe(3 * bytes(size));
  });

  it("what the user's own directives ask for", () => {
    const extraDirectives = { maxclients: "50000", "tcp-backlog": "2048" };
    expect(hostNeeds(planStandalone("cache", { extraDirectives }))).toMatchObject({
      maxClients: 50_000,
      backlog: 2048,
    });
  });
});
