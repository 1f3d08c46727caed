import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { FirewallPlan, FirewallRule } from "../../../contract/firewall.ts";
import type { OperationLine, OperationResult } from "../../../contract/operation.ts";
import { renderNftables } from "../../../infra/plan/render-firewall/nftables.ts";
import { judge } from "../../support/attacks.ts";
import { type Machine, startNetwork, type TestNetwork } from "../../support/namespaces.ts";
import { reached, type Target } from "../../support/reach.ts";
import { until } from "../../support/wait.ts";

/** Address of each machine of the lab. */
export const at = {
  /** Where servers and the firewall are. */
  server: "10.0.9.1",
  /** Another machine of the topology. */
  peer: "10.0.9.2",
  /** A client on the list. */
  client: "10.0.0.7",
  monitoring: "10.0.5.9",
  /** On nobody's list. */
  stranger: "10.0.1.7",
} as const;
export type Who = keyof typeof at;
export const everybody = Object.keys(at) as Who[];

/** The IPv6 address of a machine of the lab. */
export function at6(who: Who): string {
  return `fd00:${at[who].split(".").slice(1).join(":")}::1`;
}

/** Five machines on one network, servers in them, and a folder; `close` ends it all. */
export class NetworkLab {
  readonly #network: TestNetwork;
  readonly #folder = mkdtempSync(join(tmpdir(), "hearth-network-"));
  readonly machines: Readonly<Record<Who, Machine>>;

  private constructor(network: TestNetwork, machines: Record<Who, Machine>) {
    this.#network = network;
    this.machines = machines;
  }

  static async start(): Promise<NetworkLab> {
    const network = await startNetwork();
    const machines: Partial<Record<Who, Machine>> = {};
    for (const who of everybody) machines[who] = await network.machine(who, `${at[who]}/16`, `${at6(who)}/32`);
    return new NetworkLab(network, machines as Record<Who, Machine>);
  }

  get server(): Machine {
    return this.machines.server;
  }

  /** One more machine, with no address. */
  machine(name: string): Promise<Machine> {
    return this.#network.machine(name);
  }

  /** Real servers for ports of a plan: Redis, sentinels; for exporters and the application something that listens. */
  async serve(rules: readonly FirewallRule[], on: Machine = this.server): Promise<void> {
    const buses = new Set(rules.filter(({ purpose }) => purpose === "bus").map(({ port }) => port - 10_000));
    for (const { port, purpose } of rules) {
      if (purpose === "data" || purpose === "sentinel") this.redis(on, port, purpose === "sentinel", buses.has(port));
      else if (purpose !== "bus") on.start(process.execPath, ["-e", listener, `${port}`]);
    }
    const all = targetsOf(rules, "127.0.0.1");
    await until(`every server on ${on.name} answers`, async () => (await reached(on, all)).length === all.length);
  }

  /** A server on all addresses of its machine, without authentication: the firewall is all that keeps anyone out. */
  redis(on: Machine, port: number, sentinel = false, cluster = false): void {
    const lines = [`port ${port}`, "bind * -::*", "protected-mode no", `dir ${this.#folder}`];
    if (!sentinel) lines.push('save ""');
    if (cluster) lines.push("cluster-enabled yes", `cluster-config-file nodes-${port}.conf`);
    const file = join(this.#folder, `${port}.conf`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    on.start("redis-server", [file, ...(sentinel ? ["--sentinel"] : [])]);
  }

  /** Ports of a plan that each machine reaches. */
  async whoReaches(
    plan: FirewallPlan,
    address: (who: Who) => string = (who) => at[who],
  ): Promise<Record<Who, number[]>> {
    const rows = everybody.map(async (who) => {
      const host = who === "server" ? "127.0.0.1" : address("server");
      return [who, await reached(this.machines[who], targetsOf(plan.rules, host))] as const;
    });
    return Object.fromEntries(await Promise.all(rows)) as Record<Who, number[]>;
  }

  /** Asks the tool, on a machine, as the provider does. Rejects with its error. */
  async operation(
    action: "check" | "create" | "read" | "update" | "delete",
    inputs: Record<string, unknown>,
    { on = this.server, id = "", as = [] as readonly string[] } = {},
  ): Promise<OperationResult> {
    const request = { operation: "firewall", action, id, inputs, deadlineMs: 20_000 };
    const tool = join(import.meta.dirname, "../../../cli/main.ts");
    // The exit code is 1 with an error, which is in the last line all the same.
    const command = [...as, process.execPath, tool, "operation"];
    const text = await on.run("sh", ["-c", '"$@" || true', "sh", ...command], JSON.stringify(request));
    const last: OperationLine = JSON.parse(text.trim().split("\n").at(-1) ?? "");
    if ("error" in last) throw new Error(last.error.message);
    return "result" in last ? last.result : {};
  }

  async close(): Promise<void> {
    await this.#network.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Inputs of the operation `firewall`, as the resource makes them. */
export function inputsOf(plan: FirewallPlan): { name: string; owner: string; ruleset: string } {
  return { name: "cache", owner: plan.owner, ruleset: renderNftables(plan) };
}

/** Ports of a plan for these purposes, ascending. */
export function portsFor(plan: FirewallPlan, ...purposes: readonly string[]): number[] {
  return plan.rules
    .filter(({ purpose }) => purposes.includes(purpose))
    .map(({ port }) => port)
    .toSorted((a, b) => a - b);
}

/** Judges the connections that each machine tried: to these ports, of which it should reach some. */
export function judgeConnections(
  firewall: string,
  tried: readonly number[],
  open: Readonly<Record<string, readonly number[]>>,
  expected: Readonly<Record<string, readonly number[]>>,
): void {
  expect(Object.keys(open).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [who, ports] of Object.entries(expected)) {
    for (const port of tried) {
      const outcome = open[who]?.includes(port) ? "allowed" : "refused";
      judge(`${who} to port ${port} behind ${firewall}`, ports.includes(port) ? "allowed" : "refused", outcome);
    }
  }
}

function targetsOf(rules: readonly FirewallRule[], host: string): Target[] {
  return rules.map(({ port, purpose }) => ({ host, port, ask: purpose === "data" || purpose === "sentinel" }));
}

/** Listens on all addresses, as an exporter or an application would. */
const listener = `require("node:net").createServer((socket) => socket.on("error", () => {})).listen({ port: Number(process.argv[1]), host: "::" })`;
