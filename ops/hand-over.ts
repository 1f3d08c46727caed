import type { Address } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import { type Connection, loginOf, parseInfo, withConnection } from "./connect.ts";
import { isClusterNode, type Node } from "./node.ts";
import { failOver, watchOf } from "./sentinel-watch.ts";
import { waitFor } from "./wait.ts";

/**
 * Before a primary is stopped, one of its replicas becomes the primary: clients wait a moment instead of a failure
 * detection, and data without persistence survives. Where no replica can, the restart goes on without.
 */
export async function handOver(node: Node, context: OperationContext): Promise<void> {
  const watch = watchOf(node);
  if (!watch && !isClusterNode(node)) return;
  try {
    await withConnection(node, loginOf(node), async (connection) => {
      if (!isServedPrimary(await replication(connection))) return;
      context.progress("handing over to a replica first");
      if (watch) await withoutLoss(connection, context.signal, () => failOver(watch, node, context.signal));
      else await failOverInCluster(node, connection, context.signal);
    });
  } catch {
    context.progress("no replica could take over: restarting without");
  }
}

/** Longer than all that may be waited for while writes are held back; the server is stopped before it is over. */
const pauseMs = 60_000;

/**
 * A failover by sentinels does not wait for replicas to catch up. So writes are held back first, and what was
 * acknowledged reaches a replica before another primary is asked for. (CLUSTER FAILOVER does this by itself.)
 */
async function withoutLoss(
  connection: Connection,
  signal: AbortSignal,
  work: () => Promise<Address | undefined>,
): Promise<void> {
  // Redis 6.0 has no WRITE: it holds back all commands, ours too.
  const paused = await connection.call("CLIENT", "PAUSE", `${pauseMs}`, "WRITE").catch(() => undefined);
  let promoted: Address | undefined;
  try {
    const end = Number((await replication(connection)).master_repl_offset);
    await waitFor(
      async () => {
        const caughtUp = replicasOf(await replication(connection)).filter(({ offset }) => offset >= end).length;
        return caughtUp > 0 ? { value: true } : { missing: "a replica that has caught up" };
      },
      { what: "handing over", signal, limitMs: 5000, everyMs: 10 },
    );
    promoted = await work();
  } finally {
    // Once another is the primary, nothing may be acknowledged here any more: the sentinels tell this server only later
    // that it is a replica, and what it took meanwhile would be gone. It is stopped now, and its clients go over.
    if (paused !== undefined && !promoted) await connection.call("CLIENT", "UNPAUSE").catch(() => {});
  }
}

async function replication(connection: Connection): Promise<Record<string, string>> {
  return parseInfo(await connection.text("INFO", "replication"));
}

function isServedPrimary(info: Record<string, string>): boolean {
  return info.role === "master" && replicasOf(info).length > 0;
}

function replicasOf(info: Record<string, string>): { host: string; port: number; offset: number }[] {
  return Object.keys(info)
    .filter((name) => /^slave\d+$/.test(name) && info[name]?.includes("state=online"))
    .map((name) => {
      const fields = Object.fromEntries((info[name] ?? "").split(",").map((field) => field.split("=", 2)));
      return { host: String(fields.ip), port: Number(fields.port), offset: Number(fields.offset) };
    })
    .sort((a, b) => b.offset - a.offset);
}

async function failOverInCluster(node: Node, connection: Connection, signal: AbortSignal): Promise<void> {
  const [best] = replicasOf(await replication(connection));
  if (!best) return;
  await withConnection(best, loginOf(node), (replica) => replica.call("CLUSTER", "FAILOVER"));
  await waitFor(
    async () => {
      const { role } = await replication(connection);
      return role === "slave" ? { value: true } : { missing: "the replica's promotion" };
    },
    { what: `failing over from ${node.name}`, signal, limitMs: 10_000 },
  );
}
