import type { OperationContext } from "../contract/operation.ts";
import { type Connection, loginOf, parseInfo, withConnection } from "./connect.ts";
import type { Node } from "./node.ts";
import { StillMissing, waitFor } from "./wait.ts";

/** What a server is to do with, before its container is given less. */
export interface Less {
  /** `maxmemory`, as redis.conf has it: `64mb`. */
  readonly maxmemory: string;
  /** Bytes that the container will be allowed. */
  readonly limit: number;
}

/**
 * Has a server give back memory before its container's limit is lowered, which would end it otherwise: the kernel kills
 * what does not fit. A replica removes nothing by itself, so its primary is told. False when the memory does not come
 * back in time: then only a restart helps.
 */
export async function shrink(node: Node, { maxmemory, limit }: Less, context: OperationContext): Promise<boolean> {
  return withConnection(node, loginOf(node), async (connection) => {
    context.progress(`removing what does not fit into ${maxmemory}`);
    await lower(node, connection, maxmemory);
    try {
      return await waitFor(() => look(connection, limit), {
        ...{ what: `${node.name} shrinking`, signal: context.signal, limitMs: 20_000, everyMs: 100 },
      });
    } catch (error) {
      if (error instanceof StillMissing && !context.signal.aborted) return false;
      throw error;
    }
  });
}

/** On the primary as well where this is a replica: it removes keys for both. */
async function lower(node: Node, connection: Connection, maxmemory: string): Promise<void> {
  const set = (one: Connection) => one.call("CONFIG", "SET", "maxmemory", maxmemory);
  await set(connection);
  const { role, master_host: host, master_port: port } = parseInfo(await connection.text("INFO", "replication"));
  if (role === "slave" && host) await withConnection({ host, port: Number(port) }, loginOf(node), set);
}

async function look(connection: Connection, limit: number): Promise<{ value: true } | { missing: string }> {
  // What was freed goes back to the system in time; this asks for it now. Not every allocator can.
  await connection.call("MEMORY", "PURGE").catch(() => {});
  const memory = parseInfo(await connection.text("INFO", "memory"));
  const resident = Number(memory.used_memory_rss);
  if (resident < limit * 0.9) return { value: true };
  return { missing: `${Math.round(resident / 2 ** 20)} MiB are in use, and the container gets ${limit / 2 ** 20}` };
}
