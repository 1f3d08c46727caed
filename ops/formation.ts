import { formatAddress } from "../contract/address.ts";
import { topologySchema } from "../contract/nodes.ts";
import type { OperationHandler } from "../contract/operation.ts";
import { ConnectionPool, loginOf } from "./connect.ts";
import { formCluster } from "./formation-cluster.ts";
import { formSentinel } from "./formation-sentinel.ts";
import type { Topology } from "./topology.ts";
import { type Look, waitFor } from "./wait.ts";

/**
 * Makes one topology of servers that run: who follows whom, what the sentinels watch, who serves which slots. It looks
 * first and changes only what is missing, so it may run at any time and any number of times; it never forms anew over
 * data. Nothing is undone by `delete`: the servers go, and the topology with them.
 */
export const formation: OperationHandler = async (request, context) => {
  if (request.action === "read") {
    const { readiness } = await import("./readiness.ts");
    const drift = (await readiness(request, context)).outputs?.drift;
    return { id: request.id, ...(drift !== undefined && { outputs: { drift } }) };
  }
  if (request.action !== "create" && request.action !== "update") return { id: request.id };
  const topology = topologySchema.parse(request.inputs);
  const pool = new ConnectionPool(loginOf(topology));
  try {
    const primaries = await form(topology, pool, context);
    return { id: "formation", outputs: { primaries: primaries.map(formatAddress).sort() } };
  } finally {
    await pool.close();
  }
};

async function form(topology: Topology, pool: ConnectionPool, context: Parameters<OperationHandler>[1]) {
  if (topology.topology === "cluster") return formCluster(topology, pool, context);
  if (topology.topology === "sentinel") return formSentinel(topology, pool, context);
  const members = topology.members;
  await waitFor(
    async (): Promise<Look<true>> => {
      const answers = await Promise.all(
        members
          .map(async (member) => {
            const pong = (await pool.to(member)).text("PING");
            return pong.then((text) => (text === "PONG" ? undefined : text));
          })
          .map((answer) => answer.catch((error: Error) => error.message)),
      );
      const missing = answers.filter((answer) => answer !== undefined);
      return missing.length === 0 ? { value: true } : { missing: missing.join("; ") };
    },
    { what: "the server", signal: context.signal },
  );
  return members;
}
