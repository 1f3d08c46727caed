import { ReplyError } from "../redis/reply.ts";
import type { RedisConnection } from "../redis/socket.ts";

/** What a primary says of its memory. */
export interface ServerMemory {
  /** Bytes in use. */
  readonly used: number;
  /** Bytes; 0 without a limit. */
  readonly limit: number;
  /** `noeviction`, `allkeys-lru`, ... */
  readonly policy: string;
  /** Keys evicted since the server started. */
  readonly evicted: number;
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:([^\\r\\n]*)`, "m").exec(info)?.[1] ?? "";
}

/** Asks one primary; undefined where the ACL user may not use INFO. */
export async function readServerMemory(connection: RedisConnection): Promise<ServerMemory | undefined> {
  try {
    const answers = await Promise.all([connection.call("INFO", "memory"), connection.call("INFO", "stats")]);
    const [memory = "", stats = ""] = answers.map(String);
    return {
      used: Number(field(memory, "used_memory")),
      limit: Number(field(memory, "maxmemory")),
      policy: field(memory, "maxmemory_policy"),
      evicted: Number(field(stats, "evicted_keys")),
    };
  } catch (error) {
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}
