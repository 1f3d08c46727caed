import { createHash } from "node:crypto";
import type { FirewallPlan } from "../../../contract/firewall.ts";
import { groupRules, ofFamily, type PortSpan, portsOf } from "./groups.ts";

/** Scripts for sh, as text, to be run as root on a machine with Docker. */
export interface DockerUserScripts {
  /** Puts the rules in place, or replaces them: may be run again. */
  readonly apply: string;
  /** Takes away what `apply` has made, and nothing else; no error where there is nothing. */
  readonly remove: string;
}

/**
 * The rules for ports that Docker publishes. Docker rewrites their destination and forwards the packets, so that no
 * INPUT rule (and so neither ufw nor the nftables rendering) ever sees them; it asks the chain DOCKER-USER first.
 *
 * The rules lie in a chain of the topology's own, one jump in DOCKER-USER leads there. Only packets of published ports
 * take it (`DNAT`), in the direction of the container, and a port is known by the number that the client has asked for
 * (`--ctorigdstport`): a container's connections to other machines' port 6379 are none of our business. Who is let in
 * returns to DOCKER-USER, where the rules of others still hold.
 */
export function renderDockerUser(plan: FirewallPlan): DockerUserScripts {
  const chain = dockerChain(plan.owner);
  const jump = `DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j ${chain}`;
  const family = (ip: 4 | 6): string => {
    const iptables = ip === 4 ? "iptables" : "ip6tables";
    return [
      `${iptables}-restore --noflush <<'EOF'`,
      "*filter",
      `:${chain} - [0:0]`,
      ...groupRules(plan).flatMap(({ purpose, ranges, from }) =>
        ranges.flatMap((ports) =>
          ofFamily(ip, from).map(
            (source) => `-A ${chain} -s ${source} ${matchPorts(ports)} -m comment --comment ${purpose} -j RETURN`,
          ),
        ),
      ),
      ...portsOf(plan).map((ports) => `-A ${chain} ${matchPorts(ports)} -j DROP`),
      "COMMIT",
      "EOF",
      `${iptables} -C ${jump} 2>/dev/null || ${iptables} -I ${jump}`,
    ].join("\n");
  };
  const remove = (iptables: string): string =>
    `while ${iptables} -D ${jump} 2>/dev/null; do :; done\n` +
    `${iptables} -F ${chain} 2>/dev/null && ${iptables} -X ${chain} || :\n`;
  return {
    // Docker has no chain for IPv6 unless it publishes ports for it.
    apply: `set -e\n${family(4)}\nif ip6tables -n -L DOCKER-USER >/dev/null 2>&1; then\n${family(6)}\nfi\n`,
    remove: `${remove("iptables")}${remove("ip6tables")}`,
  };
}

/** Name of the topology's chain: iptables allows 28 characters, which an owner may exceed. */
export function dockerChain(owner: string): string {
  return `HEARTH-${createHash("sha256").update(owner).digest("hex").slice(0, 12)}`;
}

function matchPorts({ first, last }: PortSpan): string {
  const ports = first === last ? `${first}` : `${first}:${last}`;
  return `-p tcp -m conntrack --ctorigdstport ${ports}`;
}
