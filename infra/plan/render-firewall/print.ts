import type { FirewallPlan } from "../../../contract/firewall.ts";
import { firewallTable } from "../../../contract/firewall-table.ts";
import { renderDockerUser } from "./docker-user.ts";
import { renderNftables } from "./nftables.ts";
import { renderUfw } from "./ufw.ts";

/** The firewall of a topology in the three ways that a machine may have it, for whoever puts it in place by hand. */
export interface PrintedFirewall {
  /** For `nft -f -`: may be given again, and replaces what was there of this topology. */
  readonly nftables: string;
  /** For a shell: the commands, and behind a comment those that take the rules away again. */
  readonly ufw: string;
  /** For sh, on a machine whose containers publish these ports; likewise. */
  readonly dockerUser: string;
}

/** What `firewall: "print"` gives. Nothing in it is secret. */
export function printFirewall(plan: FirewallPlan): PrintedFirewall {
  const ufw = renderUfw(plan);
  const docker = renderDockerUser(plan);
  return {
    nftables: `# To remove: nft delete table inet ${firewallTable(plan.owner)}\n${renderNftables(plan)}`,
    ufw: `${ufw.apply}# To remove:\n${commented(ufw.remove)}`,
    dockerUser: `${docker.apply}# To remove:\n${commented(docker.remove)}`,
  };
}

function commented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "# ");
}
