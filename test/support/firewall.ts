import type { FirewallPlan } from "../../contract/firewall.ts";
import type { Deployment } from "../../infra/plan/args.ts";
import { type FirewallInput, planFirewall } from "../../infra/plan/firewall.ts";
import { planTopology } from "../../infra/plan/topology.ts";

/**
 * The firewall of a topology `cache` of the stack `dev` of the project `shop`, whose nodes are at `hosts`, in turn by
 * the machine that each was planned for.
 */
export function firewallOf(
  deployment: Deployment,
  hosts: readonly string[],
  more: Omit<FirewallInput, "owner" | "plan" | "addresses"> = {},
): FirewallPlan {
  const plan = planTopology("cache", deployment);
  const addresses = new Map(
    plan.nodes.map(({ name, host }) => [name, { host: hosts[host % hosts.length] ?? "127.0.0.1" }]),
  );
  return planFirewall({ owner: "shop/dev/cache", plan, addresses, ...more });
}
