import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FirewallPlan } from "../../../contract/firewall.ts";
import { firewallOf } from "../../support/firewall.ts";
import { type Machine, whyNoNamespaces } from "../../support/namespaces.ts";
import { reached } from "../../support/reach.ts";
import { until } from "../../support/wait.ts";
import { at, inputsOf, NetworkLab } from "./lab.ts";

const whyNot = whyNoNamespaces("nft");
const table = "hearth/shop/dev/cache";
const planFor = (...clients: string[]): FirewallPlan =>
  firewallOf({ topology: "standalone", args: {} }, [at.server], { clients });
const target = [{ host: at.server, port: 6379, ask: true }];

describe.skipIf(whyNot)(`operation firewall${whyNot ? ` (skipped: ${whyNot})` : ""}`, () => {
  let lab: NetworkLab;
  const list = (): Promise<string> => lab.server.run("nft", ["-s", "list", "ruleset"]);
  beforeAll(async () => {
    lab = await NetworkLab.start();
    await lab.serve(planFor().rules);
  });
  afterAll(() => lab?.close());

  it("sees in check whether it would be accepted, and puts nothing in place", async () => {
    expect(await lab.operation("check", inputsOf(planFor("10.0.0.0/24")))).toEqual({ failures: [] });
    expect(await lab.operation("check", { name: "cache" })).toEqual({ failures: [] });
    expect(await list()).toBe("");
    const broken = { ...inputsOf(planFor()), ruleset: "table inet hearth/shop/dev/cache { chain }" };
    expect((await lab.operation("check", broken)).failures?.[0]?.reason).toMatch(/syntax error/);
  });

  it("is refused in check to a user who may not, and where nft is missing, with what to do", async () => {
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    expect(await lab.operation("check", inputsOf(planFor()), { as: nobody })).toEqual({
      failures: [
        {
          property: "firewall",
          reason: expect.stringMatching(
            /^this user may not change packet filters \(.*not permitted.*\): run Pulumi as root, or write firewall: "print" and have/,
          ),
        },
      ],
    });
    const hidden = ["sh", "-c", 'mount --bind /dev/null "$(command -v nft)" && exec "$@"', "sh"];
    expect(await lab.operation("check", inputsOf(planFor()), { as: hidden })).toEqual({
      failures: [
        {
          property: "firewall",
          reason:
            "nft is not on this machine: install it (Debian, Ubuntu: apt-get install nftables), or write " +
            'firewall: "print" and have the rules put in place by whoever may',
        },
      ],
    });
  });

  it("made twice is the same; changed by somebody is repaired; gone is made again", async () => {
    const inputs = inputsOf(planFor("10.0.0.0/24"));
    const { id, outputs } = await lab.operation("create", inputs);
    expect(id).toBe(table);
    const listed = await list();
    expect(await lab.operation("create", inputs)).toEqual({ id, outputs });
    expect(await list()).toBe(listed);
    const known = { ...inputs, ...outputs };
    // Refused packets are counted, and that is no drift.
    expect(await reached(lab.machines.stranger, target, 300)).toEqual([]);
    expect(await lab.operation("read", known, { id: table })).toEqual({ id, outputs });

    await lab.server.run("nft", ["insert", "rule", "inet", table, "input", "accept"]);
    expect(await reached(lab.machines.stranger, target)).toEqual([6379]);
    expect(await lab.operation("read", known, { id: table })).toEqual({
      id,
      outputs: { ...outputs, drift: `the rules in table inet ${table} were changed by somebody else` },
    });
    await lab.operation("update", inputs, { id: table });
    expect(await list()).toBe(listed);
    expect(await lab.operation("read", known, { id: table })).toEqual({ id, outputs });

    await lab.server.run("nft", ["flush", "ruleset"]);
    expect(await lab.operation("read", known, { id: table })).toEqual({ id: "" });
    await lab.operation("create", inputs);
    expect(await list()).toBe(listed);
    await lab.operation("delete", known, { id: table });
    await lab.operation("delete", known, { id: table });
    expect(await list()).toBe("");
  });

  it("touches no rules but its own, and lets other stacks live beside it", async () => {
    const others =
      "table inet hearth {\n\tset keep {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.1.7 }\n\t}\n}\n" +
      "table ip filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n" +
      "\t\ttcp dport 22 accept\n\t}\n}\n";
    await lab.server.run("nft", ["-f", "-"], others);
    const [first, second] = [planFor("10.0.0.0/24"), { ...planFor("10.0.1.0/24"), owner: "shop/prod/cache" }];
    second.rules = second.rules.map((rule) => ({ ...rule, port: 6400 }));
    lab.redis(lab.server, 6400);
    const both = [...target, { host: at.server, port: 6400, ask: true }];
    await until("the second server answers", async () => (await reached(lab.machines.client, both)).length === 2);
    await lab.operation("create", inputsOf(first));
    const before = await list();
    await lab.operation("create", inputsOf(second));
    await lab.operation("update", inputsOf(second));
    expect(await reached(lab.machines.client, both)).toEqual([6379]);
    expect(await reached(lab.machines.stranger, both)).toEqual([6400]);
    await lab.operation("delete", inputsOf(second));
    expect(await list()).toBe(before);
    await lab.operation("delete", inputsOf(first));
    expect(await list()).toBe(others);
    await lab.server.run("nft", ["flush", "ruleset"]);
  });

  it("updated, keeps the open connection of a client that stays, and cuts that of one that goes", async () => {
    await lab.operation("create", inputsOf(planFor("10.0.0.0/24", "10.0.1.0/24")));
    const stays = await connection(lab.machines.client);
    const goes = await connection(lab.machines.stranger);
    await stays.ping();
    await goes.ping();
    await lab.operation("update", inputsOf(planFor("10.0.0.0/24", "10.0.7.0/24")));
    await stays.ping();
    await expect(goes.ping(700)).rejects.toThrow("still not: PONG");
    await lab.operation("update", inputsOf(planFor("10.0.0.7")));
    await stays.ping();
  });

  it("updated again and again, is open to no stranger and closed to no client at any moment", async () => {
    let running = true;
    const counts: { tried: number; open: number }[] = [];
    const watched = async (who: Machine, patienceMs: number): Promise<{ tried: number; open: number }> => {
      const count = { tried: 0, open: 0 };
      counts.push(count);
      while (running) {
        const many = Array.from({ length: 50 }, () => target).flat();
        count.tried += many.length;
        count.open += (await reached(who, many, patienceMs)).length;
      }
      return count;
    };
    const updates = (async () => {
      const texts = [planFor("10.0.0.0/24"), planFor("10.0.0.7", "10.0.2.0/24")].map((plan) => inputsOf(plan).ruleset);
      // For as long as both have tried often, however busy the machine is.
      for (let round = 0; round < 100 || (round < 5000 && counts.some(({ tried }) => tried <= 200)); round++)
        await lab.server.run("nft", ["-f", "-"], texts[round % 2]);
    })().finally(() => {
      running = false;
    });
    const { client, stranger } = lab.machines;
    const before = await sentAgain(client);
    const [letIn, keptOut] = await Promise.all([watched(client, 20_000), watched(stranger, 300)]);
    await updates;
    expect(letIn.tried).toBeGreaterThan(200);
    expect(letIn.open).toBe(letIn.tried);
    // A packet that was dropped for a moment would have been sent again, and let in then.
    expect(await sentAgain(client)).toBe(before);
    expect(keptOut.tried).toBeGreaterThan(200);
    expect(keptOut.open).toBe(0);
  });
});

/** Requests for a connection that a machine has had to send again: it does after a second without an answer. */
async function sentAgain(who: Machine): Promise<number> {
  const [names = "", values = ""] = (await who.run("cat", ["/proc/net/netstat"])).match(/^TcpExt: .*$/gm) ?? [];
  const place = names.split(" ").indexOf("TCPSynRetrans");
  expect(place).toBeGreaterThan(0);
  return Number(values.split(" ")[place]);
}

/** A connection that stays open, from a machine to the server. */
async function connection(from: Machine): Promise<{ ping(patienceMs?: number): Promise<void> }> {
  const script = `const socket = require("node:net").connect(6379, "${at.server}"); process.stdin.pipe(socket).pipe(process.stdout);`;
  const child = from.start(process.execPath, ["-e", script]);
  let heard = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  return {
    async ping(patienceMs = 5000) {
      heard = "";
      child.stdin?.write("PING\r\n");
      await until("PONG", async () => heard === "+PONG\r\n", patienceMs);
    },
  };
}
