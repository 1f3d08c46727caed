import type { FirewallPlan } from "../../../contract/firewall.ts";
import { firewallTable } from "../../../contract/firewall-table.ts";
import { groupRules, isEverybody, ofFamily, type PortSpan, portsOf } from "./groups.ts";

/**
 * The rules as nftables reads them (`nft -f`): one transaction that replaces the rules of the topology's own table as a whole, and
 * names no other. So rules of others are never touched, two topologies live side by side, and there is no moment
 * without rules.
 *
 * A packet that is let in here may still be refused by other tables of the machine, and everything that is not to a
 * port of the plan passes. Sources are looked at for every packet, not only for the first of a connection: a client
 * that is taken off the list loses its open connections at once, one that stays on it keeps them. Dropped is dropped
 * silently: a scan learns nothing.
 *
 * No sets, and the chain is flushed rather than made anew: a packet on its way through while the rules are replaced meets
 * either all the old ones or all the new ones. (Elements of a set change for a packet that has begun with the old rules.)
 */
export function renderNftables(plan: FirewallPlan): string {
  const table = firewallTable(plan.owner);
  const lines = [
    `table inet ${table}`,
    `flush table inet ${table}`,
    `table inet ${table} {`,
    "  chain input {",
    // Before the chains of others, at priority 0: only order of work, because every chain must let a packet in.
    "    type filter hook input priority -10; policy accept;",
    '    iif "lo" accept',
    // Answers to connections that this machine has opened, from a port of its own that happens to be one of these.
    "    ct direction reply accept",
    ...groupRules(plan).flatMap(({ purpose, ranges, from }) =>
      from.flatMap((source) =>
        ranges.map((ports) => `    tcp dport ${span(ports)} ${match(source)} accept comment "${purpose}"`),
      ),
    ),
    ...portsOf(plan).map((ports) => `    tcp dport ${span(ports)} counter drop`),
    "  }",
    "}",
    "",
  ];
  return lines.join("\n");
}

function match(source: string): string {
  const family = ofFamily(4, [source]).length === 1 ? 4 : 6;
  if (isEverybody([source])) return `meta nfproto ipv${family}`;
  return `${family === 4 ? "ip" : "ip6"} saddr ${source}`;
}

function span({ first, last }: PortSpan): string {
  return first === last ? `${first}` : `${first}-${last}`;
}
