import { type FirewallPlan, firewallTable } from "../../../contract/firewall.ts";
import { groupRules, isEverybody, ofFamily, type PortSpan, portsOf } from "./groups.ts";

/**
 * The rules as nftables reads them (`nft -f`): one transaction that replaces the topology's own table as a whole, and
 * names no other. So rules of others are never touched, two topologies live side by side, and there is no moment
 * without rules.
 *
 * A packet that is let in here may still be refused by other tables of the machine, and everything that is not to a
 * port of the plan passes. Sources are looked at for every packet, not only for the first of a connection: a client
 * that is taken off the list loses its open connections at once, one that stays on it keeps them. Dropped is dropped
 * silently: a scan learns nothing.
 */
export function renderNftables(plan: FirewallPlan): string {
  const table = firewallTable(plan.owner);
  const ports = set(portsOf(plan).map(span));
  const lines = [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    "  chain input {",
    // Before the chains of others, at priority 0: only order of work, because every chain must let a packet in.
    "    type filter hook input priority -10; policy accept;",
  ];
  if (plan.rules.length > 0) {
    lines.push(
      "    meta l4proto != tcp accept",
      `    tcp dport != ${ports} accept`,
      '    iif "lo" accept',
      // Answers to connections that this machine has opened, from a port of its own that happens to be one of these.
      "    ct direction reply accept",
      ...groupRules(plan).flatMap(({ purpose, ranges, from }) =>
        ([4, 6] as const).flatMap((family) => {
          const networks = ofFamily(family, from);
          if (networks.length === 0) return [];
          const source = isEverybody(networks)
            ? `meta nfproto ipv${family}`
            : `${family === 4 ? "ip" : "ip6"} saddr ${set(networks)}`;
          return [`    tcp dport ${set(ranges.map(span))} ${source} accept comment "${purpose}"`];
        }),
      ),
      `    tcp dport ${ports} counter drop`,
    );
  }
  lines.push("  }", "}", "");
  return lines.join("\n");
}

function span({ first, last }: PortSpan): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

function set(elements: readonly string[]): string {
  return `{ ${elements.join(", ")} }`;
}
