import { ReplyError } from "./reply.ts";
import type { RedisConnection } from "./socket.ts";

/**
 * Milliseconds by which a server's clock is ahead of ours: keys expire by that clock. It may be wrong by half a round
 * trip. NaN where the server does not tell its time (TIME).
 */
export async function clockAhead(connection: RedisConnection): Promise<number> {
  const before = Date.now();
  try {
    const reply = await connection.call("TIME");
    const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : [];
    const theirs = 1000 * (seconds ?? Number.NaN) + (micros ?? Number.NaN) / 1000;
    return Math.round(theirs - (before + Date.now()) / 2);
  } catch (error) {
    if (error instanceof ReplyError) return Number.NaN;
    throw error;
  }
}
