import type { Sink } from "../sink.ts";
import { ReplyError } from "./reply.ts";
import type { RedisConnection } from "./socket.ts";

/** Figures of all primaries together. */
export interface ServerFigures {
  /** Bytes. */
  readonly usedMemory: number;
  readonly evictedKeys: number;
  /** Keys in the endpoint's database; undefined where the user may not ask. */
  readonly keys: number | undefined;
}

function figure(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}

/** The reply, or undefined where the ACL user may not ask. */
export async function allowed(connection: RedisConnection, ...parts: string[]): Promise<string | undefined> {
  try {
    return String(await connection.call(...parts));
  } catch (error) {
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}

/** Asks every primary; undefined where the user may not. */
export async function readFigures(sink: Sink): Promise<ServerFigures | undefined> {
  const answers = await sink.eachPrimary(async (connection) => {
    const [memory, stats, keys] = await Promise.all([
      allowed(connection, "INFO", "memory"),
      allowed(connection, "INFO", "stats"),
      allowed(connection, "DBSIZE"),
    ]);
    return { memory, stats, keys };
  });
  if (answers.some(({ memory, stats }) => memory === undefined || stats === undefined)) return undefined;
  const sum = (each: (answer: (typeof answers)[number]) => number): number =>
    answers.reduce((so, one) => so + each(one), 0);
  return {
    usedMemory: sum(({ memory }) => figure(memory ?? "", "used_memory")),
    evictedKeys: sum(({ stats }) => figure(stats ?? "", "evicted_keys")),
    keys: answers.some(({ keys }) => keys === undefined) ? undefined : sum(({ keys }) => Number(keys)),
  };
}
