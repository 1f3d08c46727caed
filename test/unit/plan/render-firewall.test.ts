import { describe, expect, it } from "vitest";
import { type FirewallPlan, firewallPlanSchema } from "../../../contract/firewall.ts";
import { dockerChain, renderDockerUser } from "../../../infra/plan/render-firewall/docker-user.ts";
import { renderNftables } from "../../../infra/plan/render-firewall/nftables.ts";
import { printFirewall } from "../../../infra/plan/render-firewall/print.ts";
import { renderUfw } from "../../../infra/plan/render-firewall/ufw.ts";
import { firewallOf } from "../../support/firewall.ts";

const hosts = ["10.9.0.1", "10.9.0.2", "10.9.0.3"];
const more = { clients: ["10.0.0.0/24", "2001:db8::/48"], monitoring: ["10.0.5.9"] };
const standalone = firewallOf({ topology: "standalone", args: {} }, hosts, {
  ...more,
  exporters: [{ node: "cache-0", port: 9121 }],
  application: { from: ["0.0.0.0/0", "::/0"] },
});
const sentinel = firewallOf({ topology: "sentinel", args: {} }, hosts, more);
const cluster = firewallOf({ topology: "cluster", args: {} }, hosts, more);
const closed = firewallOf({ topology: "standalone", args: {} }, ["127.0.0.1"]);

describe("nftables", () => {
  it("standalone", () => {
    expect(renderNftables(standalone)).toMatchInlineSnapshot(`
      "table inet hearth/shop/dev/cache
      flush table inet hearth/shop/dev/cache
      table inet hearth/shop/dev/cache {
        chain input {
          type filter hook input priority -10; policy accept;
          iif "lo" accept
          ct direction reply accept
          tcp dport 6379 ip saddr 10.0.0.0/24 accept comment "data"
          tcp dport 6379 ip saddr 10.9.0.1 accept comment "data"
          tcp dport 6379 ip6 saddr 2001:db8::/48 accept comment "data"
          tcp dport 9121 ip saddr 10.0.5.9 accept comment "exporter"
          tcp dport 3333 meta nfproto ipv4 accept comment "application"
          tcp dport 3333 meta nfproto ipv6 accept comment "application"
          tcp dport 3333 counter drop
          tcp dport 6379 counter drop
          tcp dport 9121 counter drop
        }
      }
      "
    `);
  });
  it("Sentinel", () => {
    expect(renderNftables(sentinel)).toMatchInlineSnapshot(`
      "table inet hearth/shop/dev/cache
      flush table inet hearth/shop/dev/cache
      table inet hearth/shop/dev/cache {
        chain input {
          type filter hook input priority -10; policy accept;
          iif "lo" accept
          ct direction reply accept
          tcp dport 6379-6381 ip saddr 10.0.0.0/24 accept comment "data"
          tcp dport 6379-6381 ip saddr 10.9.0.1 accept comment "data"
          tcp dport 6379-6381 ip saddr 10.9.0.2 accept comment "data"
          tcp dport 6379-6381 ip saddr 10.9.0.3 accept comment "data"
          tcp dport 6379-6381 ip6 saddr 2001:db8::/48 accept comment "data"
          tcp dport 26379-26381 ip saddr 10.0.0.0/24 accept comment "sentinel"
          tcp dport 26379-26381 ip saddr 10.9.0.1 accept comment "sentinel"
          tcp dport 26379-26381 ip saddr 10.9.0.2 accept comment "sentinel"
          tcp dport 26379-26381 ip saddr 10.9.0.3 accept comment "sentinel"
          tcp dport 26379-26381 ip6 saddr 2001:db8::/48 accept comment "sentinel"
          tcp dport 6379-6381 counter drop
          tcp dport 26379-26381 counter drop
        }
      }
      "
    `);
  });
  it("cluster", () => {
    expect(renderNftables(cluster)).toMatchInlineSnapshot(`
      "table inet hearth/shop/dev/cache
      flush table inet hearth/shop/dev/cache
      table inet hearth/shop/dev/cache {
        chain input {
          type filter hook input priority -10; policy accept;
          iif "lo" accept
          ct direction reply accept
          tcp dport 7000-7005 ip saddr 10.0.0.0/24 accept comment "data"
          tcp dport 7000-7005 ip saddr 10.9.0.1 accept comment "data"
          tcp dport 7000-7005 ip saddr 10.9.0.2 accept comment "data"
          tcp dport 7000-7005 ip saddr 10.9.0.3 accept comment "data"
          tcp dport 7000-7005 ip6 saddr 2001:db8::/48 accept comment "data"
          tcp dport 17000-17005 ip saddr 10.9.0.1 accept comment "bus"
          tcp dport 17000-17005 ip saddr 10.9.0.2 accept comment "bus"
          tcp dport 17000-17005 ip saddr 10.9.0.3 accept comment "bus"
          tcp dport 7000-7005 counter drop
          tcp dport 17000-17005 counter drop
        }
      }
      "
    `);
  });
  it("for nobody but the machine itself", () => {
    expect(renderNftables(closed)).toMatchInlineSnapshot(`
      "table inet hearth/shop/dev/cache
      flush table inet hearth/shop/dev/cache
      table inet hearth/shop/dev/cache {
        chain input {
          type filter hook input priority -10; policy accept;
          iif "lo" accept
          ct direction reply accept
          tcp dport 6379 counter drop
        }
      }
      "
    `);
  });
});

describe("ufw", () => {
  it("standalone", () => {
    expect(renderUfw(standalone)).toMatchInlineSnapshot(`
      {
        "apply": "ufw prepend deny proto tcp from any to any port 3333,6379,9121 comment 'hearth shop/dev/cache: others'
      ufw delete allow proto tcp from 10.0.0.0/24 to any port 6379
      ufw prepend allow proto tcp from 10.0.0.0/24 to any port 6379 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.1 to any port 6379
      ufw prepend allow proto tcp from 10.9.0.1 to any port 6379 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 2001:db8::/48 to any port 6379
      ufw prepend allow proto tcp from 2001:db8::/48 to any port 6379 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.0.5.9 to any port 9121
      ufw prepend allow proto tcp from 10.0.5.9 to any port 9121 comment 'hearth shop/dev/cache: exporter'
      ufw delete allow proto tcp from any to any port 3333
      ufw prepend allow proto tcp from any to any port 3333 comment 'hearth shop/dev/cache: application'
      ",
        "remove": "ufw delete allow proto tcp from 10.0.0.0/24 to any port 6379
      ufw delete allow proto tcp from 10.9.0.1 to any port 6379
      ufw delete allow proto tcp from 2001:db8::/48 to any port 6379
      ufw delete allow proto tcp from 10.0.5.9 to any port 9121
      ufw delete allow proto tcp from any to any port 3333
      ufw delete deny proto tcp from any to any port 3333,6379,9121
      ",
      }
    `);
  });
  it("Sentinel", () => {
    expect(renderUfw(sentinel).apply).toMatchInlineSnapshot(`
      "ufw prepend deny proto tcp from any to any port 6379:6381,26379:26381 comment 'hearth shop/dev/cache: others'
      ufw delete allow proto tcp from 10.0.0.0/24 to any port 6379:6381
      ufw prepend allow proto tcp from 10.0.0.0/24 to any port 6379:6381 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.1 to any port 6379:6381
      ufw prepend allow proto tcp from 10.9.0.1 to any port 6379:6381 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.2 to any port 6379:6381
      ufw prepend allow proto tcp from 10.9.0.2 to any port 6379:6381 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.3 to any port 6379:6381
      ufw prepend allow proto tcp from 10.9.0.3 to any port 6379:6381 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 2001:db8::/48 to any port 6379:6381
      ufw prepend allow proto tcp from 2001:db8::/48 to any port 6379:6381 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.0.0.0/24 to any port 26379:26381
      ufw prepend allow proto tcp from 10.0.0.0/24 to any port 26379:26381 comment 'hearth shop/dev/cache: sentinel'
      ufw delete allow proto tcp from 10.9.0.1 to any port 26379:26381
      ufw prepend allow proto tcp from 10.9.0.1 to any port 26379:26381 comment 'hearth shop/dev/cache: sentinel'
      ufw delete allow proto tcp from 10.9.0.2 to any port 26379:26381
      ufw prepend allow proto tcp from 10.9.0.2 to any port 26379:26381 comment 'hearth shop/dev/cache: sentinel'
      ufw delete allow proto tcp from 10.9.0.3 to any port 26379:26381
      ufw prepend allow proto tcp from 10.9.0.3 to any port 26379:26381 comment 'hearth shop/dev/cache: sentinel'
      ufw delete allow proto tcp from 2001:db8::/48 to any port 26379:26381
      ufw prepend allow proto tcp from 2001:db8::/48 to any port 26379:26381 comment 'hearth shop/dev/cache: sentinel'
      "
    `);
  });
  it("cluster", () => {
    expect(renderUfw(cluster).apply).toMatchInlineSnapshot(`
      "ufw prepend deny proto tcp from any to any port 7000:7005,17000:17005 comment 'hearth shop/dev/cache: others'
      ufw delete allow proto tcp from 10.0.0.0/24 to any port 7000:7005
      ufw prepend allow proto tcp from 10.0.0.0/24 to any port 7000:7005 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.1 to any port 7000:7005
      ufw prepend allow proto tcp from 10.9.0.1 to any port 7000:7005 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.2 to any port 7000:7005
      ufw prepend allow proto tcp from 10.9.0.2 to any port 7000:7005 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.3 to any port 7000:7005
      ufw prepend allow proto tcp from 10.9.0.3 to any port 7000:7005 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 2001:db8::/48 to any port 7000:7005
      ufw prepend allow proto tcp from 2001:db8::/48 to any port 7000:7005 comment 'hearth shop/dev/cache: data'
      ufw delete allow proto tcp from 10.9.0.1 to any port 17000:17005
      ufw prepend allow proto tcp from 10.9.0.1 to any port 17000:17005 comment 'hearth shop/dev/cache: bus'
      ufw delete allow proto tcp from 10.9.0.2 to any port 17000:17005
      ufw prepend allow proto tcp from 10.9.0.2 to any port 17000:17005 comment 'hearth shop/dev/cache: bus'
      ufw delete allow proto tcp from 10.9.0.3 to any port 17000:17005
      ufw prepend allow proto tcp from 10.9.0.3 to any port 17000:17005 comment 'hearth shop/dev/cache: bus'
      "
    `);
  });
  it("names no more than 15 ports in a rule", () => {
    const rules = Array.from({ length: 20 }, (_, index) => ({
      port: 7000 + 2 * index,
      node: "n",
      purpose: "data",
      from: [],
    }));
    const { apply } = renderUfw(firewallPlanSchema.parse({ owner: "shop/dev/cache", rules }));
    expect(apply.match(/port [\d,]+/g)?.map((ports) => ports.split(",").length)).toEqual([15, 5]);
  });
});

describe("DOCKER-USER", () => {
  it("standalone", () => {
    expect(renderDockerUser(standalone)).toMatchInlineSnapshot(`
      {
        "apply": "set -e
      iptables-restore --noflush <<'EOF'
      *filter
      :HEARTH-5918796c4a6c - [0:0]
      -A HEARTH-5918796c4a6c -s 10.0.0.0/24 -p tcp -m conntrack --ctorigdstport 6379 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.1 -p tcp -m conntrack --ctorigdstport 6379 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.0.5.9 -p tcp -m conntrack --ctorigdstport 9121 -m comment --comment exporter -j RETURN
      -A HEARTH-5918796c4a6c -s 0.0.0.0/0 -p tcp -m conntrack --ctorigdstport 3333 -m comment --comment application -j RETURN
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 3333 -j DROP
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 6379 -j DROP
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 9121 -j DROP
      COMMIT
      EOF
      iptables -C DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j HEARTH-5918796c4a6c 2>/dev/null || iptables -I DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j HEARTH-5918796c4a6c
      if ip6tables -n -L DOCKER-USER >/dev/null 2>&1; then
      ip6tables-restore --noflush <<'EOF'
      *filter
      :HEARTH-5918796c4a6c - [0:0]
      -A HEARTH-5918796c4a6c -s 2001:db8::/48 -p tcp -m conntrack --ctorigdstport 6379 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s ::/0 -p tcp -m conntrack --ctorigdstport 3333 -m comment --comment application -j RETURN
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 3333 -j DROP
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 6379 -j DROP
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 9121 -j DROP
      COMMIT
      EOF
      ip6tables -C DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j HEARTH-5918796c4a6c 2>/dev/null || ip6tables -I DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j HEARTH-5918796c4a6c
      fi
      ",
        "remove": "while iptables -D DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j HEARTH-5918796c4a6c 2>/dev/null; do :; done
      iptables -F HEARTH-5918796c4a6c 2>/dev/null && iptables -X HEARTH-5918796c4a6c || :
      while ip6tables -D DOCKER-USER -p tcp -m conntrack --ctstate DNAT --ctdir ORIGINAL -j HEARTH-5918796c4a6c 2>/dev/null; do :; done
      ip6tables -F HEARTH-5918796c4a6c 2>/dev/null && ip6tables -X HEARTH-5918796c4a6c || :
      ",
      }
    `);
  });
  it("Sentinel", () => {
    expect(rulesOf(sentinel)).toMatchInlineSnapshot(`
      "*filter
      :HEARTH-5918796c4a6c - [0:0]
      -A HEARTH-5918796c4a6c -s 10.0.0.0/24 -p tcp -m conntrack --ctorigdstport 6379:6381 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.1 -p tcp -m conntrack --ctorigdstport 6379:6381 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.2 -p tcp -m conntrack --ctorigdstport 6379:6381 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.3 -p tcp -m conntrack --ctorigdstport 6379:6381 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.0.0.0/24 -p tcp -m conntrack --ctorigdstport 26379:26381 -m comment --comment sentinel -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.1 -p tcp -m conntrack --ctorigdstport 26379:26381 -m comment --comment sentinel -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.2 -p tcp -m conntrack --ctorigdstport 26379:26381 -m comment --comment sentinel -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.3 -p tcp -m conntrack --ctorigdstport 26379:26381 -m comment --comment sentinel -j RETURN
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 6379:6381 -j DROP
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 26379:26381 -j DROP
      COMMIT
      "
    `);
  });
  it("cluster", () => {
    expect(rulesOf(cluster)).toMatchInlineSnapshot(`
      "*filter
      :HEARTH-5918796c4a6c - [0:0]
      -A HEARTH-5918796c4a6c -s 10.0.0.0/24 -p tcp -m conntrack --ctorigdstport 7000:7005 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.1 -p tcp -m conntrack --ctorigdstport 7000:7005 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.2 -p tcp -m conntrack --ctorigdstport 7000:7005 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.3 -p tcp -m conntrack --ctorigdstport 7000:7005 -m comment --comment data -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.1 -p tcp -m conntrack --ctorigdstport 17000:17005 -m comment --comment bus -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.2 -p tcp -m conntrack --ctorigdstport 17000:17005 -m comment --comment bus -j RETURN
      -A HEARTH-5918796c4a6c -s 10.9.0.3 -p tcp -m conntrack --ctorigdstport 17000:17005 -m comment --comment bus -j RETURN
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 7000:7005 -j DROP
      -A HEARTH-5918796c4a6c -p tcp -m conntrack --ctorigdstport 17000:17005 -j DROP
      COMMIT
      "
    `);
  });
  it("chains of two stacks have different names, short enough for iptables", () => {
    const long = dockerChain(`${"p".repeat(100)}/${"s".repeat(100)}/cache`);
    expect(long.length).toBeLessThanOrEqual(28);
    expect(new Set([long, dockerChain("shop/dev/cache"), dockerChain("shop/dev-cache")]).size).toBe(3);
  });
});

it("printed, each says how it is removed", () => {
  const printed = printFirewall(closed);
  expect(printed.nftables).toBe(`# To remove: nft delete table inet hearth/shop/dev/cache\n${renderNftables(closed)}`);
  expect(printed.ufw).toBe(
    "ufw prepend deny proto tcp from any to any port 6379 comment 'hearth shop/dev/cache: others'\n" +
      "# To remove:\n# ufw delete deny proto tcp from any to any port 6379\n",
  );
  const { apply, remove } = renderDockerUser(closed);
  expect(printed.dockerUser.startsWith(`${apply}# To remove:\n# while iptables -D`)).toBe(true);
  expect(printed.dockerUser.replaceAll(/^# /gm, "")).toBe(`${apply}To remove:\n${remove}`);
});

it.each(["shop/dev/cache; flush ruleset", "shop/dev/cache { }", "", "a/b/c/d", "shop//cache", "shop/dev/cache\n"])(
  "an owner that would be more than a name is refused: %j",
  (owner) => {
    expect(firewallPlanSchema.safeParse({ owner, rules: [] }).success).toBe(false);
  },
);

/** What iptables-restore reads, for IPv4. */
function rulesOf(plan: FirewallPlan): string {
  return renderDockerUser(plan).apply.split(/'?EOF'?\n/)[1] ?? "";
}
