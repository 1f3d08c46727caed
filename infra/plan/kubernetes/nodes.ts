import type { Address } from "../../../contract/address.ts";
import type { Directives } from "../../../contract/nodes.ts";
import { busOffset } from "../ports.ts";
import type { PlannedNode, TopologyPlan } from "../topology.ts";
import { handoverUser } from "./users.ts";

/** The StatefulSet whose pods a node is one of; its pods have its name and their index. */
export function setOf({ name, topology }: Pick<TopologyPlan, "name" | "topology">, node: PlannedNode): string {
  if (node.kind === "sentinel") return `${name}-sentinel`;
  return topology === "cluster" ? `${name}-shard-${node.shard}` : name;
}

/** The name by which all others know a node: that of its own Service, which stays when its pod moves. */
export function hostOf(node: string, namespace: string): string {
  return `${node}.${namespace}.svc`;
}

/**
 * The plan as pods have it. Every node is a pod of the same name, so the nodes of a cluster are called by their shard,
 * each of which is a StatefulSet: `cache-shard-0-1`. Every pod has an address of its own, so all of a kind use one port:
 * their template is one. They announce their Services' names, and are handed over by a user of their own.
 */
export function onKubernetes(plan: TopologyPlan, namespace: string): TopologyPlan {
  const places = new Map<string, number>();
  const names = new Map<string, string>();
  for (const node of plan.nodes) {
    const set = setOf(plan, node);
    const place = places.get(set) ?? 0;
    places.set(set, place + 1);
    names.set(node.name, `${set}-${place}`);
  }
  const renamed = (name: string) => {
    const found = names.get(name);
    if (found === undefined) throw new Error(`the plan has no node ${name}`);
    return found;
  };
  const nodes = plan.nodes.map((node): PlannedNode => {
    const name = renamed(node.name);
    const { port } = plan.nodes.find(({ kind }) => kind === node.kind) ?? node;
    return {
      ...node,
      ...{ name, port, peers: node.peers.map(renamed) },
      ...(node.busPort !== undefined && { busPort: port + busOffset }),
      directives: {
        ...node.directives,
        port: `${port}`,
        ...announcements(plan, node, { host: hostOf(name, namespace), port }),
      },
      acl: plan.topology === "standalone" ? node.acl : [...node.acl, handoverUser(plan.topology, node.kind)],
    };
  });
  const { monitor } = plan;
  return { ...plan, nodes, ...(monitor && { monitor: { ...monitor, primary: renamed(monitor.primary) } }) };
}

function announcements({ topology }: TopologyPlan, { kind }: PlannedNode, { host, port }: Address): Directives {
  const names = { "sentinel resolve-hostnames": "yes", "sentinel announce-hostnames": "yes" };
  if (kind === "sentinel") return { ...names, "sentinel announce-ip": host, "sentinel announce-port": `${port}` };
  if (topology === "standalone") return {};
  const replica = { "replica-announce-ip": host, "replica-announce-port": `${port}` };
  if (topology === "sentinel") return replica;
  // The address among the nodes is the Service's: start-script.ts adds it.
  return { ...replica, "cluster-announce-hostname": host, "cluster-preferred-endpoint-type": "hostname" };
}
