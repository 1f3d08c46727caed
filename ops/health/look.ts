import { type Address, formatAddress } from "../../contract/address.ts";
import { explainTls } from "../../warmer/redis/tls.ts";
import { type Connection, type ConnectionPool, pairs, parseInfo, RedisReplyError, type Reply } from "../connect.ts";

/** A data node as it was seen. */
export interface DataServer {
  readonly name: string;
  readonly address: Address;
  /** Why it could not be asked; then nothing else is known. */
  readonly error?: string;
  /** Milliseconds that a PING took. */
  readonly pingMs?: number;
  /** All fields of INFO; absent where the user may not ask. */
  readonly info?: Readonly<Record<string, string>>;
  /** Fields of CLUSTER INFO. */
  readonly cluster?: Readonly<Record<string, string>>;
  /** The reply to CLUSTER SLOTS. */
  readonly slots?: Reply;
  /** `save` of the configuration: empty where no snapshots are taken. */
  readonly save?: string;
}

/** A sentinel as it was seen. */
export interface SentinelServer {
  readonly name: string;
  readonly error?: string;
  /** The primary that it names; absent where it does not know the name. */
  readonly primary?: Address;
  /** What CKQUORUM says, with its first word: `OK`, `NOQUORUM`; `NOPERM` where the user may not ask. */
  readonly quorum?: string;
}

/**
 * What the user was refused: it is not asked again. Each refusal is an entry in the server's ACL LOG, and one of the
 * errors that it counts.
 */
export class RefusedCommands {
  readonly #commands = new Set<string>();

  /** Whether the user was refused it before. */
  has(command: string): boolean {
    return this.#commands.has(command);
  }

  add(command: string): void {
    this.#commands.add(command);
  }

  /** The reply; undefined where the user may not ask, or the server does not know. */
  async unlessRefused(command: string, ask: () => Promise<Reply>): Promise<Reply | undefined> {
    if (this.has(command)) return undefined;
    try {
      return await ask();
    } catch (error) {
      // NOAUTH: the server has a password and the endpoint has none, which no other user's rights would mend.
      if (!(error instanceof RedisReplyError) || error.code === "NOAUTH") throw error;
      if (error.code === "NOPERM") this.add(command);
      return undefined;
    }
  }
}

/** Asks one data node for everything that its user may know. Never rejects. */
export async function lookAtServer(
  address: Address,
  pool: ConnectionPool,
  isCluster: boolean,
  refused: RefusedCommands,
): Promise<DataServer> {
  const name = formatAddress(address);
  const allowed = async (connection: Connection, command: string, ...args: string[]): Promise<Reply | undefined> =>
    refused.unlessRefused(`${command} ${args.join(" ")}`, () => connection.call(command, ...args));
  try {
    const connection = await pool.to(address);
    const began = performance.now();
    await connection.text("PING").catch(unlessDenied);
    const pingMs = performance.now() - began;
    // INFO comes last: a refusal of the others is not to count among the errors from then on.
    const [save, cluster, slots, info] = await Promise.all([
      allowed(connection, "CONFIG", "GET", "save"),
      isCluster ? allowed(connection, "CLUSTER", "INFO") : undefined,
      isCluster ? allowed(connection, "CLUSTER", "SLOTS") : undefined,
      allowed(connection, "INFO", "all"),
    ]);
    return {
      ...{ name, address, pingMs },
      ...(info !== undefined && { info: parseInfo(String(info)) }),
      ...(save !== undefined && { save: pairs(save).save ?? "" }),
      ...(cluster !== undefined && { cluster: parseInfo(String(cluster)) }),
      ...(slots !== undefined && { slots }),
    };
  } catch (error) {
    return { name, address, error: reasonOf(error) };
  }
}

/** Asks one sentinel. Never rejects. */
export async function lookAtSentinel(
  address: Address,
  masterName: string,
  pool: ConnectionPool,
): Promise<SentinelServer> {
  const name = formatAddress(address);
  try {
    const connection = await pool.to(address);
    const [primary, quorum] = await Promise.all([
      connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName),
      connection.text("SENTINEL", "CKQUORUM", masterName).catch((error: unknown) => {
        if (error instanceof RedisReplyError) return error.message;
        throw error;
      }),
    ]);
    if (!Array.isArray(primary)) return { name, quorum };
    return { name, quorum, primary: { host: String(primary[0]), port: Number(primary[1]) } };
  } catch (error) {
    return { name, error: reasonOf(error) };
  }
}

/** An error in words: those of TLS with what can be done. */
export function reasonOf(error: unknown): string {
  return explainTls(error) ?? (error instanceof Error ? error.message || error.name : String(error));
}

function unlessDenied(error: unknown): void {
  if (!(error instanceof RedisReplyError) || error.code === "NOAUTH") throw error;
}
