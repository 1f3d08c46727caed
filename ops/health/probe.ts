import { randomBytes } from "node:crypto";
import { type Address, formatAddress } from "../../contract/address.ts";
import { slotOf } from "../../warmer/slots.ts";
import { type ConnectionPool, RedisReplyError } from "../connect.ts";
import { type RefusedCommands, reasonOf } from "./look.ts";
import type { Owner } from "./placement.ts";

/** What became of a key that was set, read and deleted. */
export interface Probe {
  readonly name: string;
  /** Milliseconds for the three commands, one after the other. */
  readonly milliseconds?: number;
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
  if (refused.has(prefix)) return { name, code: "NOPERM", error: "NOPERM" };
  const key = keyFor(owner);
  const value = randomBytes(8).toString("hex");
  try {
    const connection = await pool.to(address);
    // Each time: the connection may be a new one.
    if (database !== 0) await connection.call("SELECT", String(database));
    const began = performance.now();
    await connection.call("SET", key, value, "EX", String(expireSeconds));
    const read = await connection.call("GET", key);
    const deleted = await connection.call("DEL", key);
    const milliseconds = performance.now() - began;
    if (read !== value) return { name, error: "a key that was just set was read with another value" };
    if (Number(deleted) !== 1) return { name, error: "a key that was just set and read could not be deleted" };
    return { name, milliseconds };
  } catch (error) {
    const code = error instanceof RedisReplyError ? error.code : undefined;
    if (code === "NOPERM") refused.add(prefix);
    return { name, error: reasonOf(error), ...(code !== undefined && { code }) };
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
