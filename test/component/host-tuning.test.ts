import { expect, it } from "vitest";
import { HostTuning } from "../../infra/operations/host-tuning.ts";
import { hostNeeds } from "../../infra/plan/host.ts";
import { planCluster } from "../../infra/plan/topology.ts";
import { registered, resolved } from "../support/mocks.ts";

it("the resource holds what the plan needs, and no secret", async () => {
  const needs = hostNeeds(planCluster("cache", { memory: "1gb" }));
  const args = { name: "cache", mode: "check", directory: ".hearth/test/cache", needs } as const;
  const resources = await registered(async () => {
    // Before a check nothing is known: the report is what the provider adds.
    expect(await resolved(new HostTuning("cache-tuning", args).report)).toBeUndefined();
  });
  expect(resources).toEqual([
    {
      type: "pulumi-nodejs:dynamic/hearth:HostTuning",
      name: "cache-tuning",
      inputs: { ...args, operation: "host-tuning" },
    },
  ]);
});
