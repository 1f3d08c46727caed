// Throw-away servers of the benchmark: PostgreSQL, a Redis without persistence, a cluster of six.
import { startPostgres } from "../../test/support/postgres.ts";
import { startCluster, startStandalone } from "../../test/support/redis.ts";

/** Milliseconds that a node may be silent: two cores that are busy must not look like a failure. */
const NODE_TIMEOUT_MS = "60000";

/** Last slots of the three primaries of `startCluster`. */
export const CLUSTER_BOUNDS = [5460, 10_922, 16_383];

export async function startServers() {
  const started = [];
  const stop = async () => {
    for (const server of started.splice(0).reverse()) await server.stop();
  };
  try {
    const postgres = await startPostgres();
    started.push(postgres);
    const single = await startStandalone();
    started.push(single);
    const cluster = await startCluster(1);
    started.push(cluster);
    for (const { client } of cluster.servers) await client.config("SET", "cluster-node-timeout", NODE_TIMEOUT_MS);
    return { postgres, single, cluster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Empties the primaries, and waits until their replicas are empty as well. */
export async function empty({ endpoint, servers }) {
  for (const { client } of primariesOf({ endpoint, servers })) {
    await client.flushall("SYNC");
    if (endpoint.topology === "cluster") await client.wait(1, 60_000);
  }
}

/** Fails unless exactly so many keys are there: a side that lost some would look fast. */
export async function expectKeys(topology, wanted, side) {
  const sizes = await Promise.all(primariesOf(topology).map(({ client }) => client.dbsize()));
  const found = sizes.reduce((sum, size) => sum + size, 0);
  if (found !== wanted) throw new Error(`${side} left ${found} keys, not ${wanted}`);
}

export function primariesOf({ endpoint, servers }) {
  return endpoint.topology === "cluster" ? servers.slice(0, 3) : servers;
}
