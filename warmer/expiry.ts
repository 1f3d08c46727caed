import { ABSOLUTE } from "./encode/expiry.ts";
import { probeKey } from "./engine.ts";
import { ReplyError } from "./redis/reply.ts";
import type { RedisConnection } from "./redis/socket.ts";
import { command } from "./resp.ts";
import type { Sink } from "./sink.ts";

const PROBE_MS = 5000;

/**
 * Finds out on every primary whether keys can be written with the time at which they expire, and lets the sink do so
 * then; else keys get a life from now on, which every Redis knows and no clock can spoil.
 * @returns what the operator should know
 */
export async function negotiateExpiry(sink: Sink): Promise<string | undefined> {
  const problems = await sink.eachPrimary((connection, lane) => probe(sink, connection, lane));
  const problem = problems.find((each) => each !== undefined);
  if (problem === undefined) sink.expiry = ABSOLUTE;
  // Redis before 6.2 does not know PXAT: with it nothing is lost.
  if (problem === undefined || problem.startsWith("ERR syntax error")) return undefined;
  return `keys are given a life from now on, and not the time at which they expire, which costs Redis more: ${problem}`;
}

async function probe(sink: Sink, connection: RedisConnection, lane: number): Promise<string | undefined> {
  const key = probeKey(sink, lane);
  try {
    // Again, for the reason.
    if (Number.isNaN(sink.now(lane))) await connection.call("TIME");
    const time = String(sink.now(lane) + PROBE_MS);
    const commands = [
      command("SET", key, "", "PXAT", time),
      command("PEXPIREAT", key, time),
      command("PTTL", key),
      command("DEL", key),
    ];
    const left = Number((await connection.send(Buffer.concat(commands), commands.length))[2]);
    const close = left > 0 && left < 2 * PROBE_MS;
    return close
      ? undefined
      : `a key that was to live ${PROBE_MS} ms had ${left} ms left (PTTL): the clock has been set`;
  } catch (error) {
    if (error instanceof ReplyError) return error.message;
    throw error;
  }
}
