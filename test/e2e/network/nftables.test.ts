import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FirewallPlan } from "../../../contract/firewall.ts";
import { firewallOf } from "../../support/firewall.ts";
import { whyNoNamespaces } from "../../support/namespaces.ts";
import { at, at6, everybody, inputsOf, judgeConnections, NetworkLab, portsFor, type Who } from "./lab.ts";

const whyNot = whyNoNamespaces("nft");
const more = {
  clients: ["10.0.0.0/24", "fd00:0:0::/48"],
  monitoring: [at.monitoring, at6("monitoring")],
  application: { from: ["0.0.0.0/0", "::/0"] },
};
const exporters = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ node: `cache-${index}`, port: 9121 + index }));
const hosts = [at.server, at.peer];
// Every port as it is by default: the machines are the test's own.
const plans: Record<string, FirewallPlan> = {
  standalone: firewallOf({ topology: "standalone", args: {} }, hosts, { ...more, exporters: exporters(1) }),
  sentinel: firewallOf({ topology: "sentinel", args: {} }, hosts, { ...more, exporters: exporters(3) }),
  cluster: firewallOf({ topology: "cluster", args: {} }, hosts, { ...more, exporters: exporters(6) }),
};

describe.skipIf(whyNot)(`nftables${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  describe.each(Object.entries(plans))("%s", (_, plan) => {
    let lab: NetworkLab;
    beforeAll(async () => {
      lab = await NetworkLab.start();
      await lab.serve(plan.rules);
    });
    afterAll(() => lab?.close());
    const all = portsFor(plan, "data", "bus", "sentinel", "exporter", "application");

    it("lets in who is on the list of a port, and nobody else", async () => {
      const open = await lab.whoReaches(plan);
      for (const who of everybody) expect([who, open[who]]).toEqual([who, all]);
      await lab.operation("create", inputsOf(plan));
      judgeConnections("nftables", all, await lab.whoReaches(plan), expected(plan));
    });

    it("destroyed, leaves nothing behind", async () => {
      await lab.operation("delete", inputsOf(plan));
      expect(await lab.server.run("nft", ["list", "ruleset"])).toBe("");
      expect((await lab.whoReaches(plan)).stranger).toEqual(all);
    });
  });

  describe("IPv6", () => {
    const plan = firewallOf({ topology: "sentinel", args: {} }, [at6("server"), at6("peer")], {
      ...more,
      exporters: exporters(3),
    });
    let lab: NetworkLab;
    beforeEach(async () => {
      lab = await NetworkLab.start();
      return () => lab.close();
    });

    it("lets in who is on the list of a port, and nobody else", async () => {
      await lab.serve(plan.rules);
      expect((await lab.whoReaches(plan, at6)).stranger).toHaveLength(plan.rules.length);
      await lab.operation("create", inputsOf(plan));
      const all = plan.rules.map(({ port }) => port);
      judgeConnections("nftables, IPv6", all, await lab.whoReaches(plan, at6), expected(plan));
    });
  });
});

/** Who is let in where, in words of the issue. */
function expected(plan: FirewallPlan): Record<Who, number[]> {
  const application = portsFor(plan, "application");
  // The one node of a standalone topology is on the server: the peer is nobody to it.
  const alone = plan.rules.filter(({ purpose }) => purpose === "data").length === 1;
  return {
    server: portsFor(plan, "data", "bus", "sentinel", "exporter", "application"),
    peer: alone ? application : portsFor(plan, "data", "bus", "sentinel", "application"),
    client: portsFor(plan, "data", "sentinel", "application"),
    monitoring: portsFor(plan, "exporter", "application"),
    stranger: application,
  };
}
