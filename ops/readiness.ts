import { formatAddress } from "../contract/address.ts";
import { topologySchema } from "../contract/nodes.ts";
import type { OperationHandler } from "../contract/operation.ts";
import { ConnectionPool, loginOf } from "./connect.ts";
import { clusterReadiness } from "./readiness-cluster.ts";
import { sentinelReadiness } from "./readiness-sentinel.ts";
import { type Findings, joinMissing, nameOf, type Topology } from "./topology.ts";
import { waitFor } from "./wait.ts";

/** Milliseconds that `read` gives a topology that is not ready at the first look. */
const readLimitMs = 5000;

/**
 * Waits until a topology serves: every member answers, replication is connected, the sentinels agree and have their
 * quorum, every slot of a cluster is covered and replicated. At the deadline the error says what is still missing.
 */
export const readiness: OperationHandler = async (request, context) => {
  if (request.action === "check" || request.action === "delete") return {};
  const topology = topologySchema.parse(request.inputs);
  const pool = new ConnectionPool({ ...loginOf(topology), timeoutMs: 1000 });
  let found: Findings | undefined;
  const look = async () => {
    found = await inspect(topology, pool);
    return found.problems.length === 0 ? { value: found } : { missing: joinMissing(found.problems) };
  };
  const { signal } = context;
  try {
    const ready = await waitFor(look, {
      what: `the ${topology.topology} topology is not ready`,
      signal,
      ...(request.action === "read" && { limitMs: readLimitMs }),
    });
    return { id: "readiness", outputs: outputsOf(ready) };
  } catch (error) {
    if (request.action !== "read" || !found) throw error;
    return { id: request.id, outputs: { drift: joinMissing(found.problems) } };
  } finally {
    await pool.close();
  }
};

function outputsOf({ primaries, replicas }: Findings): Record<string, unknown> {
  return { primaries: primaries.map(formatAddress).sort(), replicas };
}

function inspect(topology: Topology, pool: ConnectionPool): Promise<Findings> {
  if (topology.topology === "cluster") return clusterReadiness(topology, pool);
  if (topology.topology === "sentinel") return sentinelReadiness(topology, pool);
  return standaloneReadiness(topology, pool);
}

async function standaloneReadiness({ members }: Topology, pool: ConnectionPool): Promise<Findings> {
  const problems = await Promise.all(
    members.map(async (member) => {
      try {
        const answer = await (await pool.to(member)).text("PING");
        return answer === "PONG" ? [] : [`${nameOf(member)} answers "${answer}" to PING`];
      } catch (error) {
        return [`${nameOf(member)} does not answer: ${(error as Error).message}`];
      }
    }),
  );
  return { problems: problems.flat(), primaries: members, replicas: 0 };
}
