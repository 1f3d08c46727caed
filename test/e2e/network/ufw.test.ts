import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderUfw } from "../../../infra/plan/render-firewall/ufw.ts";
import { firewallOf } from "../../support/firewall.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { whyNoNamespaces } from "../../support/namespaces.ts";
import { at, at6, judgeConnections, NetworkLab, portsFor } from "./lab.ts";

const whyNot = whyNoNamespaces("ufw");

describe.skipIf(whyNot)(`ufw${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  const plan = firewallOf({ topology: "cluster", args: {} }, [at.server, at.peer], {
    clients: ["10.0.0.0/24", "fd00:0:0::/48"],
    monitoring: [at.monitoring, at6("monitoring")],
    exporters: [0, 1, 2, 3, 4, 5].map((index) => ({ node: `cache-${index}`, port: 9121 + index })),
    application: { from: ["0.0.0.0/0", "::/0"] },
  });
  const commands = renderUfw(plan);
  const folder = temporaryFolder();
  let lab: NetworkLab;
  // `ip netns exec` has mounts of its own as well: ufw works on a copy of its files, this machine's stay as they are.
  const sh = (script: string): Promise<string> =>
    lab.server.run("sh", ["-s"], `set -e\nmount --bind ${folder.path}/ufw /etc/ufw\n${script}`);

  beforeAll(async () => {
    execFileSync("cp", ["-a", "/etc/ufw", folder.path]);
    lab = await NetworkLab.start();
    await lab.serve(plan.rules);
    // As the guide has it that Hearth follows: open to everybody.
    const open = ["6379/tcp", "26379/tcp", "7000:7005/tcp", "17000:17005/tcp", "9121:9126/tcp"];
    await sh(`${open.map((ports) => `ufw allow ${ports}\n`).join("")}ufw --force enable`);
  });
  afterAll(async () => {
    await lab?.close();
    folder.remove();
  });

  it("lets in who is on the list of a port, and nobody else, whatever was allowed before", async () => {
    const all = portsFor(plan, "data", "bus", "exporter", "application");
    const before = await sh("ufw status numbered");
    // The same as one of ours, at the end of all.
    await sh("ufw allow proto tcp from 10.0.0.0/24 to any port 7000:7005");
    expect((await lab.whoReaches(plan)).stranger).toEqual(all.filter((port) => port !== 3333));
    await sh(commands.apply);
    const expected = {
      server: all,
      peer: portsFor(plan, "data", "bus", "application"),
      client: portsFor(plan, "data", "application"),
      monitoring: portsFor(plan, "exporter", "application"),
      stranger: portsFor(plan, "application"),
    };
    judgeConnections("ufw", all, await lab.whoReaches(plan), expected);
    const expected6 = { ...expected, peer: portsFor(plan, "application") };
    judgeConnections("ufw, IPv6", all, await lab.whoReaches(plan, at6), expected6);
    await sh(commands.apply);
    expect(await lab.whoReaches(plan)).toEqual(expected);
    await sh(commands.remove);
    expect(await sh("ufw status numbered")).toBe(before);
  });
});
