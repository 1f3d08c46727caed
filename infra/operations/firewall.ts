import type * as pulumi from "@pulumi/pulumi";
import type { FirewallPlan } from "../../contract/firewall.ts";
import { renderNftables } from "../plan/render-firewall/nftables.ts";
import { Operation } from "./operation.ts";

/**
 * The firewall of one topology on this machine, by nftables, in a table of its own that destroy takes away. The rules
 * are an input as text, so that a preview shows which of them change. Looked at in the preview already: it is refused
 * where nft is missing or this user may not change packet filters.
 */
export class Firewall extends Operation {
  /** What the kernel lists of the table, as a digest: another one after somebody has changed it. */
  declare readonly fingerprint: pulumi.Output<string>;

  /** @param args.name name of the topology; `args.plan` of `planFirewall` */
  constructor(
    name: string,
    { name: topology, plan }: { readonly name: string; readonly plan: FirewallPlan },
    opts: pulumi.CustomResourceOptions = {},
  ) {
    const inputs = { name: topology, owner: plan.owner, ruleset: renderNftables(plan) };
    super("Firewall", "firewall", name, inputs, ["fingerprint"], opts);
  }
}
