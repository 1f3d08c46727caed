import { loginOf, parseInfo, RedisReplyError, withConnection } from "./connect.ts";
import type { Node } from "./node.ts";
import type { Look } from "./wait.ts";

/** What a server that answers says about itself. */
export interface Answer {
  /** As the server's own machine numbers it; in a container that is another number. */
  readonly pid: number;
  /** Redis's version: `7.0.15`. */
  readonly version: string;
  /** A primary without any key: after a start, its data is gone. */
  readonly emptyPrimary: boolean;
}

/** Whether a server answers at the node's address and serves: one that loads its data does not yet. */
export async function lookAt(node: Node): Promise<Look<Answer>> {
  try {
    return await withConnection(node, { ...loginOf(node), timeoutMs: 1000 }, async (connection) => {
      const [pong, info] = await Promise.all([
        connection.text("PING").catch((error) => (isServing(error) ? "PONG" : Promise.reject(error))),
        connection.text("INFO"),
      ]);
      if (pong !== "PONG") return { missing: `it answered "${pong}" to PING` };
      const server = parseInfo(info);
      const empty = server.role === "master" && !Object.keys(server).some((name) => /^db\d+$/.test(name));
      const emptyPrimary = node.kind === "redis" && empty;
      return { value: { pid: Number(server.process_id), version: server.redis_version ?? "", emptyPrimary } };
    });
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

/** A replica without its primary works; it only has nothing to say. */
function isServing(error: unknown): boolean {
  return error instanceof RedisReplyError && error.code === "MASTERDOWN";
}
