import { loginOf, parseInfo, withConnection } from "./connect.ts";
import { isClusterNode, type Node } from "./node.ts";
import { StillMissing, waitFor } from "./wait.ts";

/** Milliseconds that the next restart waits for this node; readiness waits longer and says what is missing. */
const limitMs = 15_000;

/**
 * After a restart, waits until the node is back in its topology, so that the next restart does not take away the only
 * copy. Does not fail: a topology that was broken before is formation's and readiness's to judge.
 */
export async function waitUntilRejoined(node: Node, signal: AbortSignal): Promise<void> {
  if (node.kind !== "redis") return;
  const cluster = isClusterNode(node);
  if (!cluster && !node.monitor) return;
  let copying = false;
  try {
    await waitFor(
      async () => {
        const missing = await withConnection(node, loginOf(node), async (connection) => {
          const replication = parseInfo(await connection.text("INFO", "replication"));
          copying = replication.master_sync_in_progress === "1";
          if (replication.role === "slave" && replication.master_link_status !== "up") return "its link to its primary";
          if (!cluster) return undefined;
          const info = parseInfo(await connection.text("CLUSTER", "INFO"));
          const alone = info.cluster_known_nodes === "1";
          return info.cluster_state === "ok" || alone ? undefined : `cluster_state is ${info.cluster_state}`;
        }).catch((error: Error) => error.message);
        return missing === undefined ? { value: true } : { missing };
      },
      { what: node.name, signal, limitMs },
    );
  } catch (error) {
    if (!(error instanceof StillMissing)) throw error;
    // It gets there: the next restart would take away what it is copying.
    if (copying && !signal.aborted) await waitUntilRejoined(node, signal);
  }
}
