import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import type { Endpoint } from "../../contract/endpoint.ts";

/** How patient a client is, with one server, sentinels or a cluster. */
export type Patience = Pick<
  RedisOptions,
  | "maxRetriesPerRequest"
  | "commandTimeout"
  | "connectTimeout"
  | "retryStrategy"
  | "sentinelRetryStrategy"
  | "reconnectOnError"
> &
  Pick<ClusterOptions, "clusterRetryStrategy" | "slotsRefreshInterval">;

/**
 * A client as an application would make it from the endpoint, with ioredis's own ways for each topology.
 * @param more options beside those that the endpoint gives, for every connection
 */
export function clientOf(endpoint: Endpoint, more: Patience = {}): Redis | Cluster {
  const { username, password, database: db, tls } = endpoint;
  const common = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
    maxRetriesPerRequest: 3,
    ...more,
  };
  switch (endpoint.topology) {
    case "standalone":
      return new Redis({ ...endpoint.nodes[0], db, ...common });
    case "sentinel":
      return new Redis({
        sentinels: endpoint.sentinels,
        name: endpoint.masterName,
        ...(endpoint.sentinelUsername !== undefined && { sentinelUsername: endpoint.sentinelUsername }),
        ...(endpoint.sentinelPassword !== undefined && { sentinelPassword: endpoint.sentinelPassword }),
        ...(tls !== undefined && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
        db,
        ...common,
      });
    case "cluster":
      // A name stays a name, as certificates want it, and is looked up for each connection.
      return new Cluster(endpoint.nodes, {
        dnsLookup: (name, done) => done(null, name),
        ...more,
        redisOptions: common,
      });
  }
}

/** A connection to one server, whatever the topology, as the user of an endpoint, or with a password alone. */
export function serverAt(
  port: number,
  login: Pick<Endpoint, "username" | "password" | "tls"> | string | undefined,
  more: Patience & { host?: string } = {},
): Redis {
  const { username, password, tls } = typeof login === "string" ? { password: login } : (login ?? {});
  return new Redis({
    host: "127.0.0.1",
    port,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
    maxRetriesPerRequest: 1,
    ...more,
  });
}
