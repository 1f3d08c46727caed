import { randomBytes } from "node:crypto";
import { type Address, formatAddress } from "../../contract/address.ts";
import { slotOf } from "../../warmer/slots.ts";
import { type ConnectionPool, RedisReplyError, type Reply } from "../connect.ts";
import { type RefusedCommands, reasonOf } from "./look.ts";
import type { Owner } from "./placement.ts";

/** What one command took. */
export interface Duration {
  readonly operation: "set" | "get" | "del";
  readonly milliseconds: number;
}

/** What became of a key that was set, read and deleted. */
export interface Probe {
  readonly name: string;
  /** Milliseconds that each of its commands took, as far as it came. */
  readonly durations: readonly Duration[];
  /** Why it failed, in the server's own words. */
  readonly error?: string;
  /** First word of the server's refusal: `OOM`, `READONLY`, `MISCONF`, `NOREPLICAS`, `NOPERM`. */
  readonly code?: string;
}

/** All of them begin so; they expire by themselves where they could not be deleted. */
const prefix = "hearth:check:";
const expireSeconds = 10;

/**
 * Sets, reads and deletes a key of its own on a primary. Never rejects.
 *
 * @param owner in a cluster, for a key in one of its slots
 */
export async function probe(
  address: Address,
  database: number,
  pool: ConnectionPool,
  refused: RefusedCommands,
  owner?: Owner,
): Promise<Probe> {
  const name = formatAddress(address);
  if (refused.has(prefix)) return { name, durations: [], code: "NOPERM", error: "NOPERM" };
  const key = keyFor(owner);
  const value = randomBytes(8).toString("hex");
  const durations: Duration[] = [];
  try {
    const connection = await pool.to(address);
    // Each time: the connection may be a new one.
    if (database !== 0) await connection.call("SELECT", String(database));
    const timed = async (operation: Duration["operation"], ...args: string[]): Promise<Reply> => {
      const began = performance.now();
      const reply = await connection.call(operation, ...args);
      durations.push({ operation, milliseconds: performance.now() - began });
      return reply;
    };
    await timed("set", key, value, "EX", String(expireSeconds));
    const read = await timed("get", key);
    const deleted = await timed("del", key);
    if (read !== value) return { name, durations, error: "a key that was just set was read with another value" };
    if (Number(deleted) !== 1) {
      return { name, durations, error: "a key that was just set and read could not be deleted" };
    }
    return { name, durations };
  } catch (error) {
    const code = error instanceof RedisReplyError ? error.code : undefined;
    if (code === "NOPERM") refused.add(prefix);
    return { name, durations, error: reasonOf(error), ...(code !== undefined && { code }) };
  }
}

/** A key that nobody else has; in one of the owner's slots. */
function keyFor(owner: Owner | undefined): string {
  const id = `${prefix}${randomBytes(6).toString("hex")}`;
  if (owner === undefined) return id;
  for (let tag = 0; ; tag++) {
    const key = `${id}:{${tag}}`;
    const bytes = Buffer.from(key);
    const slot = slotOf(bytes, 0, bytes.length);
    if (owner.ranges.some(([first, last]) => slot >= first && slot <= last)) return key;
  }
}
