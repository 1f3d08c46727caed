import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firewallPlanSchema } from "../../../contract/firewall.ts";
import type { Deployment } from "../../../infra/plan/args.ts";
import { contains, formatNetwork, networkOf, parseAddress, parseNetwork, union } from "../../../infra/plan/cidr.ts";
import { firewallOf } from "../../support/firewall.ts";

const clients = ["10.0.1.7", "10.0.0.0/24", "10.0.0.9", "127.0.0.1"];
const monitoring = ["10.0.5.9"];
const hosts = ["10.9.0.1", "10.9.0.2", "10.9.0.3"];
const members = ["10.0.0.0/24", "10.0.1.7", ...hosts];

/** `port purpose node: sources`, for people. */
function table(deployment: Deployment, ...[where, more]: [readonly string[], object?]): string[] {
  const plan = firewallOf(deployment, where, more);
  expect(firewallPlanSchema.parse(plan)).toEqual(plan);
  return plan.rules.map(({ port, purpose, node, from }) => `${port} ${purpose} ${node}: ${from.join(" ")}`);
}

describe("who may reach which port", () => {
  it("standalone: clients and the node itself; monitoring its exporter; who is named the application", () => {
    const exporters = [{ node: "cache-0", port: 9121 }];
    const application = { from: ["0.0.0.0/0"] };
    const rows = table({ topology: "standalone", args: {} }, hosts, { clients, monitoring, exporters, application });
    expect(rows).toEqual([
      "6379 data cache-0: 10.0.0.0/24 10.0.1.7 10.9.0.1",
      "9121 exporter cache-0: 10.0.5.9",
      "3333 application cache: 0.0.0.0/0",
    ]);
  });

  it("Sentinel: data nodes and sentinels reach each other, clients reach both", () => {
    const exporters = [0, 1, 2].map((index) => ({ node: `cache-${index}`, port: 9121 + index }));
    expect(table({ topology: "sentinel", args: {} }, hosts, { clients, monitoring, exporters })).toEqual([
      ...[0, 1, 2].map((index) => `${6379 + index} data cache-${index}: ${members.join(" ")}`),
      ...[0, 1, 2].map((index) => `${26379 + index} sentinel cache-sentinel-${index}: ${members.join(" ")}`),
      ...[0, 1, 2].map((index) => `${9121 + index} exporter cache-${index}: 10.0.5.9`),
    ]);
  });

  it("cluster: the bus only between nodes", () => {
    expect(table({ topology: "cluster", args: {} }, hosts, { clients, monitoring })).toEqual(
      [0, 1, 2, 3, 4, 5].flatMap((index) => [
        `${7000 + index} data cache-${index}: ${members.join(" ")}`,
        `${17000 + index} bus cache-${index}: ${hosts.join(" ")}`,
      ]),
    );
  });

  it("without clients: only the nodes; on one machine without addresses: nobody else at all", () => {
    expect(table({ topology: "standalone", args: {} }, hosts)).toEqual(["6379 data cache-0: 10.9.0.1"]);
    for (const topology of ["standalone", "sentinel", "cluster"] as const) {
      for (const row of table({ topology, args: {} }, ["127.0.0.1"])) expect(row).toMatch(/: $/);
    }
  });

  it("IPv6 and IPv4 side by side", () => {
    const mixed = { clients: ["2001:DB8:0:1::/64", "10.0.0.0/24", "2001:db8:0:1::7"] };
    expect(table({ topology: "standalone", args: {} }, ["2001:db8::1"], mixed)).toEqual([
      "6379 data cache-0: 10.0.0.0/24 2001:db8::1 2001:db8:0:1::/64",
    ]);
  });

  it("a node that has a name and no address is an error, not a hole", () => {
    expect(() => table({ topology: "standalone", args: {} }, ["redis-0"])).toThrow(
      "firewall: cache-0 is at redis-0, and rules are made for IP addresses only",
    );
  });
});

describe("networks", () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6());
  const networks = fc.tuple(addresses, fc.nat(128)).map(([address, prefix]) => {
    const parsed = parseAddress(address);
    if (!parsed) throw new Error(address);
    return networkOf(parsed, parsed.family === 4 ? prefix % 33 : prefix);
  });

  it("are read as they are written", () => {
    fc.assert(fc.property(networks, (network) => void expect(parseNetwork(formatNetwork(network))).toEqual(network)));
  });

  it("in a union hold the same addresses, and none lies within another", () => {
    fc.assert(
      fc.property(fc.array(networks, { maxLength: 12 }), (all) => {
        const together = union(all);
        for (const network of all) expect(together.some((one) => contains(one, network))).toBe(true);
        for (const one of together) {
          expect(all).toContainEqual(one);
          expect(together.filter((other) => contains(other, one))).toEqual([one]);
        }
      }),
    );
  });
});
