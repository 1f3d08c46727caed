import type { Address } from "../../contract/address.ts";
import type { Endpoint, Tls } from "../../contract/endpoint.ts";
import { formatAddress } from "../../contract/format-address.ts";
import type { Member } from "../../contract/nodes.ts";
import { resolveSecret, type Secrets } from "./secrets.ts";
import type { TopologyPlan } from "./topology.ts";

/** The users as whom a client of the cache logs in; the others are the servers' own. */
export const clientUsers = ["app", "readonly", "warmer", "exporter", "operator"] as const;
export type ClientUser = (typeof clientUsers)[number];

/** How a user reaches the topology: the nodes' addresses, and whom to log in as. The sentinels know the same users. */
export function endpointOf(
  plan: TopologyPlan,
  members: readonly Member[],
  user: ClientUser,
  { passwords }: Secrets,
  tls?: Tls,
): Endpoint {
  const address = ({ host, port }: Member) => ({ host, port });
  const nodes = members.filter((member) => member.role !== "sentinel").map(address);
  const password = resolveSecret({ secret: user }, { passwords });
  const login = { username: user, password, ...(tls && { tls }) };
  switch (plan.topology) {
    case "standalone":
      return { topology: "standalone", nodes, database: plan.database, ...login };
    case "cluster":
      return { topology: "cluster", nodes, database: 0, ...login };
    case "sentinel":
      return {
        topology: "sentinel",
        masterName: plan.monitor?.masterName ?? "mymaster",
        sentinels: members.filter((member) => member.role === "sentinel").map(address),
        nodes,
        sentinelUsername: login.username,
        sentinelPassword: login.password,
        database: plan.database,
        ...login,
      };
  }
}

/** An endpoint for each user that a client may be. */
export function endpointsOf(
  plan: TopologyPlan,
  members: readonly Member[],
  secrets: Secrets,
  tls?: Tls,
): Record<ClientUser, Endpoint> {
  const entries = clientUsers.map((user) => [user, endpointOf(plan, members, user, secrets, tls)] as const);
  return Object.fromEntries(entries) as Record<ClientUser, Endpoint>;
}

/**
 * The endpoint for clients that come in by published ports: every node under its own port on another host, and what the
 * nodes call each other by led there. A standalone server names nobody.
 *
 * @param host where the ports are published, as the client reaches it: `127.0.0.1`
 */
export function publishedEndpoint(endpoint: Endpoint, host: string): Endpoint {
  const there = ({ port }: Address): Address => ({ host, port });
  const nodes = endpoint.nodes.map(there);
  if (endpoint.topology === "standalone") return { ...endpoint, nodes };
  const sentinels = endpoint.topology === "sentinel" ? endpoint.sentinels : [];
  const announced = [...endpoint.nodes, ...sentinels];
  const natMap = Object.fromEntries(announced.map((address) => [formatAddress(address), there(address)]));
  return endpoint.topology === "sentinel"
    ? { ...endpoint, nodes, sentinels: sentinels.map(there), natMap }
    : { ...endpoint, nodes, natMap };
}

/**
 * The endpoint as a URL: `redis://user:password@host:port/database`, with `rediss` where TLS is on. A cluster's names its
 * first node: clients find the others by themselves. Sentinel's has the form that Lettuce and Spring know:
 * `redis-sentinel://user:password@host:port,host:port/database#master name`.
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
