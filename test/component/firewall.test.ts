import { expect, it } from "vitest";
import { Firewall } from "../../infra/operations/firewall.ts";
import { renderNftables } from "../../infra/plan/render-firewall/nftables.ts";
import { firewallOf } from "../support/firewall.ts";
import { registered } from "../support/mocks.ts";

it("the resource has the rules as text, which a preview shows line by line", async () => {
  const plan = firewallOf({ topology: "sentinel", args: {} }, ["10.9.0.1"], { clients: ["10.0.0.0/24"] });
  expect(await registered(() => new Firewall("cache-firewall", { name: "cache", plan }))).toEqual([
    {
      type: "pulumi-nodejs:dynamic/hearth:Firewall",
      name: "cache-firewall",
      inputs: { operation: "firewall", name: "cache", owner: "shop/dev/cache", ruleset: renderNftables(plan) },
    },
  ]);
});
