import { Cluster, Redis } from "ioredis";
import type { Endpoint } from "../../contract/endpoint.ts";

/** A client as an application would make it from the endpoint, with ioredis's own ways for each topology. */
export function clientOf(endpoint: Endpoint): Redis | Cluster {
  const { password, database: db } = endpoint;
  const common = { ...(password !== undefined && { password }), maxRetriesPerRequest: 3 };
  switch (endpoint.topology) {
    case "standalone":
      return new Redis({ ...endpoint.nodes[0], db, ...common });
    case "sentinel":
      return new Redis({
        sentinels: endpoint.sentinels,
        name: endpoint.masterName,
        ...(endpoint.sentinelPassword !== undefined && { sentinelPassword: endpoint.sentinelPassword }),
        db,
        ...common,
      });
    case "cluster":
      return new Cluster(endpoint.nodes, { redisOptions: common });
  }
}

/** A connection to one server, whatever the topology. */
export function serverAt(port: number, password: string | undefined): Redis {
  return new Redis({ host: "127.0.0.1", port, ...(password !== undefined && { password }), maxRetriesPerRequest: 1 });
}
