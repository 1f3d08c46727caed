import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderDockerUser } from "../../../infra/plan/render-firewall/docker-user.ts";
import { firewallOf } from "../../support/firewall.ts";
import { type Machine, whyNoNamespaces } from "../../support/namespaces.ts";
import { reached, type Target } from "../../support/reach.ts";
import { until } from "../../support/wait.ts";
import { at, at6, everybody, inputsOf, judgeConnections, NetworkLab, type Who } from "./lab.ts";

const whyNot = whyNoNamespaces("nft", "iptables", "ip6tables");

/** The same with each: addresses of the machines, and of a container behind the server. */
const families = [
  {
    family: "IPv4",
    iptables: "iptables",
    address: (who: Who) => at[who],
    gateway: "172.30.0.1",
    container: "172.30.0.10",
    length: 24,
  },
  { family: "IPv6", iptables: "ip6tables", address: at6, gateway: "fd30::1", container: "fd30::10", length: 64 },
];

describe.skipIf(whyNot)(`DOCKER-USER${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  describe.each(families)("$family", ({ iptables, address, gateway, container, length }) => {
    const plan = firewallOf({ topology: "standalone", args: {} }, [address("peer")], {
      clients: ["10.0.0.0/24", "fd00:0:0::/48"],
    });
    const scripts = renderDockerUser(plan);
    const published: Target[] = [6379, 16400].map((port) => ({ host: address("server"), port, ask: true }));
    let lab: NetworkLab;
    let inside: Machine;
    const rules = (): Promise<string> => lab.server.run(iptables, ["-S"]);
    const sh = (script: string): Promise<string> => lab.server.run("sh", ["-s"], script);

    beforeAll(async () => {
      lab = await NetworkLab.start();
      inside = await lab.machine("container");
      // What Docker makes of --publish 6379:6379 and --publish 16400:6400, and a rule of somebody else.
      await sh(`set -e
        ip link add docker0 type veth peer name eth1 netns ${inside.namespace}
        ip address add ${gateway}/${length} dev docker0
        ip link set docker0 up
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        iptables -N DOCKER-USER
        ${iptables} -n -L DOCKER-USER >/dev/null 2>&1 || ${iptables} -N DOCKER-USER
        ${iptables} -A DOCKER-USER -p tcp --dport 22 -j DROP
        ${iptables} -A DOCKER-USER -j RETURN
        ${iptables} -A FORWARD -j DOCKER-USER
        ${iptables} -t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 6379 -j DNAT --to-destination ${bracketed(container)}:6379
        ${iptables} -t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 16400 -j DNAT --to-destination ${bracketed(container)}:6400
        ${iptables} -t nat -A POSTROUTING ! -o docker0 -j MASQUERADE`);
      await inside.run("ip", ["address", "add", `${container}/${length}`, "dev", "eth1"]);
      await inside.run("ip", ["link", "set", "eth1", "up"]);
      await inside.run("ip", [length === 24 ? "-4" : "-6", "route", "add", "default", "via", gateway]);
      for (const port of [6379, 6400]) lab.redis(inside, port);
      await until("the containers answer", async () => (await reached(lab.machines.stranger, published)).length === 2);
    });
    afterAll(() => lab?.close());

    it("filters published ports, which rules for INPUT do not", async () => {
      await lab.operation("create", inputsOf(plan));
      expect(await reached(lab.machines.stranger, published)).toEqual([6379, 16400]);
      await lab.operation("delete", inputsOf(plan));
      await sh(scripts.apply);
      const open = everybody
        .filter((who) => who !== "server")
        .map(async (who) => [who, await reached(lab.machines[who], published)]);
      judgeConnections("DOCKER-USER", [6379, 16400], Object.fromEntries(await Promise.all(open)), {
        client: [6379, 16400],
        peer: [6379, 16400],
        monitoring: [16400],
        stranger: [16400],
      });
    });

    it("leaves alone what a container asks of the same port elsewhere", async () => {
      lab.redis(lab.machines.stranger, 6379);
      const elsewhere = [{ host: address("stranger"), port: 6379, ask: true }];
      await until("another Redis answers", async () => (await reached(inside, elsewhere)).length === 1);
    });

    it("applied twice is the same; removed leaves the rules of others as they were", async () => {
      const once = await rules();
      await sh(scripts.apply);
      expect(await rules()).toBe(once);
      await sh(scripts.remove);
      await sh(scripts.remove);
      const left = await rules();
      expect(left).not.toContain("HEARTH");
      expect(left).toBe(
        once
          .split("\n")
          .filter((line) => !line.includes("HEARTH"))
          .join("\n"),
      );
      expect(await reached(lab.machines.stranger, published)).toEqual([6379, 16400]);
    });
  });
});

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
