import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firewallOf } from "../../support/firewall.ts";
import { whyNoNamespaces } from "../../support/namespaces.ts";
import { reached } from "../../support/reach.ts";
import { until } from "../../support/wait.ts";
import { at, inputsOf, judgeConnections, NetworkLab, portsFor } from "./lab.ts";

const whyNot = whyNoNamespaces("nft", "redis-cli");

describe.skipIf(whyNot)(`a cluster behind firewalls${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  const hosts = [at.server, at.peer];
  const plan = firewallOf({ topology: "cluster", args: {} }, hosts, { clients: ["10.0.0.0/24"] });
  let lab: NetworkLab;
  beforeAll(async () => {
    lab = await NetworkLab.start();
  });
  afterAll(() => lab?.close());

  it("forms over two machines, made by a client, and a stranger reaches neither", async () => {
    const { client, server, peer, stranger } = lab.machines;
    // Closed before anything listens, as a deployment does it; the same rules on both machines.
    for (const on of [server, peer]) await lab.operation("create", inputsOf(plan), { on });
    const nodes = portsFor(plan, "data").map((port, index) => ({ port, host: hosts[index % 2] as string }));
    for (const { port, host } of nodes) lab.redis(host === at.server ? server : peer, port, false, true);
    const targets = nodes.map((node) => ({ ...node, ask: true }));
    await until("every node answers", async () => (await reached(client, targets)).length === nodes.length);

    const addresses = nodes.map(({ host, port }) => `${host}:${port}`);
    await client.run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", "1", "--cluster-yes"]);
    for (const { host, port } of nodes) {
      const ask = (...words: string[]): Promise<string> =>
        client.run("redis-cli", ["-h", host, "-p", `${port}`, ...words]);
      await until(`${host}:${port} sees a whole cluster`, async () => {
        const state = await ask("CLUSTER", "INFO");
        const replication = await ask("INFO", "replication");
        const linked = /role:master/.test(replication) ? /state=online/ : /master_link_status:up/;
        return /cluster_state:ok/.test(state) && /cluster_known_nodes:6/.test(state) && linked.test(replication);
      });
    }
    expect(await client.run("redis-cli", ["-c", "-h", at.peer, "-p", "7001", "SET", "key", "value"])).toBe("OK\n");

    const buses = nodes.map(({ host, port }) => ({ host, port: port + 10_000, ask: false }));
    const ports = (tried: readonly { port: number }[]): number[] => tried.map(({ port }) => port);
    const open = {
      client: await reached(client, [...targets, ...buses]),
      stranger: await reached(stranger, [...targets, ...buses]),
    };
    const all = ports([...targets, ...buses]);
    judgeConnections("nftables of two machines", all, open, { client: ports(targets), stranger: [] });
  });
});
