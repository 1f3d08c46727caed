import type { Address } from "../../contract/address.ts";
import type { FirewallPlan, FirewallRule } from "../../contract/firewall.ts";
import {
  bitsOf,
  formatNetwork,
  isLoopback,
  type Network,
  networkOf,
  parseAddress,
  parseNetwork,
  union,
} from "./cidr.ts";
import type { TopologyPlan } from "./topology.ts";

/** What is done with the firewall of a topology. */
export const FirewallMode = {
  /** Nothing. */
  Off: "off",
  /** The rules are an output, for whoever may put them in place. */
  Print: "print",
  /** The rules are put in place on this machine, with nftables, and taken away by destroy. */
  Apply: "apply",
} as const;
export type FirewallMode = (typeof FirewallMode)[keyof typeof FirewallMode];

/** The port of the application that the cache is for, in the guide that Hearth follows. */
export const applicationPort = 3333;

/** What the firewall of a topology is decided from. */
export interface FirewallInput {
  /** Whose rules these are: `<project>/<stack>/<topology>`. */
  readonly owner: string;
  readonly plan: Pick<TopologyPlan, "name" | "nodes">;
  /** Where each node is reached, by its name: IP addresses, as a target gives them. */
  readonly addresses: ReadonlyMap<string, Pick<Address, "host">>;
  /** Networks and addresses of the applications, and of the operator's machine where that is another one. */
  readonly clients?: readonly string[] | undefined;
  /** Networks and addresses from which exporters are scraped. */
  readonly monitoring?: readonly string[] | undefined;
  /** Exporters: the node beside which one runs, and its port. */
  readonly exporters?: readonly { readonly node: string; readonly port: number }[] | undefined;
  /** The application's own port, and who may reach it. */
  readonly application?: { readonly port?: number | undefined; readonly from: readonly string[] } | undefined;
}

/**
 * Who may reach which port:
 *
 * | port | from |
 * | --- | --- |
 * | data | clients, every node of the topology (replication, MIGRATE, sentinels) |
 * | cluster bus | nodes with a bus |
 * | sentinel | clients, every node of the topology |
 * | exporter | monitoring |
 * | application | who is named for it |
 *
 * The machine itself may reach all of them. Without clients, nobody but the nodes. The networks must have been accepted
 * by `checkFirewall`.
 */
export function planFirewall(input: FirewallInput): FirewallPlan {
  const { owner, plan, exporters = [], application } = input;
  const clients = networks(input.clients);
  const monitoring = sources(networks(input.monitoring));
  const hosts = (nodes: TopologyPlan["nodes"]): Network[] => nodes.map(({ name }) => hostOf(name, input.addresses));
  const members = sources([...clients, ...hosts(plan.nodes)]);
  const buses = sources(hosts(plan.nodes.filter((node) => node.busPort !== undefined)));
  const rules = plan.nodes.flatMap((node): FirewallRule[] => {
    const purpose = node.kind === "sentinel" ? "sentinel" : "data";
    const own: FirewallRule = { port: node.port, node: node.name, purpose, from: members };
    if (node.busPort === undefined) return [own];
    return [own, { port: node.busPort, node: node.name, purpose: "bus", from: buses }];
  });
  for (const { node, port } of exporters) rules.push({ port, node, purpose: "exporter", from: monitoring });
  if (application) {
    const from = sources(networks(application.from));
    rules.push({ port: application.port ?? applicationPort, node: plan.name, purpose: "application", from });
  }
  return { owner, rules };
}

function networks(texts: readonly string[] = []): Network[] {
  return texts.map(parseNetwork);
}

/** Loopback needs no rule. */
function sources(from: readonly Network[]): string[] {
  return union(from.filter((network) => !isLoopback(network))).map(formatNetwork);
}

function hostOf(name: string, addresses: FirewallInput["addresses"]): Network {
  const host = addresses.get(name)?.host;
  const address = host === undefined ? undefined : parseAddress(host);
  if (address) return networkOf(address, bitsOf(address.family));
  throw new Error(`firewall: ${name} is at ${host ?? "no address"}, and rules are made for IP addresses only`);
}
