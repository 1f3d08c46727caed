import type { Endpoint } from "../../contract/endpoint.ts";
import { formatAddress } from "../../contract/format-address.ts";
import type { Member } from "../../contract/nodes.ts";
import type { TopologyPlan } from "./topology.ts";

/** How clients reach the topology: its nodes' addresses, and the password of the default user. */
export function endpointOf(plan: TopologyPlan, members: readonly Member[], password: string): Endpoint {
  const address = ({ host, port }: Member) => ({ host, port });
  const nodes = members.filter((member) => member.role !== "sentinel").map(address);
  switch (plan.topology) {
    case "standalone":
      return { topology: "standalone", nodes, database: plan.database, password };
    case "cluster":
      return { topology: "cluster", nodes, database: 0, password };
    case "sentinel":
      return {
        topology: "sentinel",
        masterName: plan.monitor?.masterName ?? "mymaster",
        sentinels: members.filter((member) => member.role === "sentinel").map(address),
        nodes,
        sentinelPassword: password,
        database: plan.database,
        password,
      };
  }
}

/**
 * The endpoint as a URL: `redis://:password@host:port/database`, with `rediss` where TLS is on. A cluster's names its
 * first node: clients find the others by themselves. Sentinel's has the form that Lettuce and Spring know:
 * `redis-sentinel://:password@host:port,host:port/database#master name`.
 */
export function urlOf(endpoint: Endpoint): string {
  const user = encodeURIComponent(endpoint.username ?? "");
  const credentials = endpoint.password === undefined ? "" : `${user}:${encodeURIComponent(endpoint.password)}@`;
  if (endpoint.topology === "sentinel") {
    const scheme = endpoint.tls ? "rediss-sentinel" : "redis-sentinel";
    const hosts = endpoint.sentinels.map(formatAddress).join(",");
    return `${scheme}://${credentials}${hosts}/${endpoint.database}#${encodeURIComponent(endpoint.masterName)}`;
  }
  const [first] = endpoint.nodes;
  if (!first) throw new Error("the endpoint has no node");
  return `${endpoint.tls ? "rediss" : "redis"}://${credentials}${formatAddress(first)}/${endpoint.database}`;
}
