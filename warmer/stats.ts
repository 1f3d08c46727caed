import { Redis } from "ioredis";
import { type Address, formatAddress } from "../contract/address.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import { bytes, count, keyCount, table } from "./figures.ts";
import { explainTls, tlsOptions } from "./redis/tls.ts";

/** What one server says of itself. */
export interface ServerStats {
  readonly address: string;
  readonly role?: "primary" | "replica";
  readonly version?: string;
  /** Keys, in all databases. */
  readonly keys?: number;
  /** Bytes. */
  readonly usedMemory?: number;
  /** Bytes; 0 without a limit. */
  readonly maxMemory?: number;
  /** Counted by the server since it started. */
  readonly hits?: number;
  readonly misses?: number;
  /** hits / (hits + misses); null before the first read. */
  readonly hitRatio?: number | null;
  readonly evictedKeys?: number;
  readonly expiredKeys?: number;
  readonly clients?: number;
  /** Why the server could not be asked; then nothing else is known. */
  readonly error?: string;
}

/** Asks every server of an endpoint; one that does not answer within 3 seconds is told with its reason. */
export async function readStats(endpoint: Endpoint): Promise<ServerStats[]> {
  return await Promise.all(endpoint.nodes.map((node) => readServer(node, endpoint)));
}

async function readServer(node: Address, { username, password, tls }: Endpoint): Promise<ServerStats> {
  const address = formatAddress(node);
  const client = new Redis({
    ...node,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: tlsOptions(tls) }),
    lazyConnect: true,
    connectTimeout: 3000,
    commandTimeout: 3000,
    retryStrategy: () => null,
    connectionName: "hearth",
    disableClientInfo: true,
  });
  let reason: string | undefined;
  client.on("error", (error: Error) => {
    reason = explainTls(error) ?? error.message;
  });
  try {
    await client.connect();
    return { address, ...parseInfo(await client.info()) };
  } catch (error) {
    return { address, error: reason ?? (error instanceof Error ? error.message : String(error)) };
  } finally {
    client.disconnect();
  }
}

/** The figures in the text that INFO returns. */
export function parseInfo(text: string): Omit<ServerStats, "address" | "error"> {
  const fields = new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(":");
      return colon > 0 && !line.startsWith("#") ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
  const figure = (name: string) => Number(fields.get(name) ?? 0);
  const keys = [...fields]
    .filter(([name]) => /^db\d+$/.test(name))
    .reduce((sum, [, value]) => sum + Number(/keys=(\d+)/.exec(value)?.[1] ?? 0), 0);
  const [hits, misses] = [figure("keyspace_hits"), figure("keyspace_misses")];
  return {
    role: fields.get("role") === "master" ? "primary" : "replica",
    version: fields.get("redis_version") ?? "",
    keys,
    usedMemory: figure("used_memory"),
    maxMemory: figure("maxmemory"),
    hits,
    misses,
    hitRatio: hits + misses === 0 ? null : hits / (hits + misses),
    evictedKeys: figure("evicted_keys"),
    expiredKeys: figure("expired_keys"),
    clients: figure("connected_clients"),
  };
}

/** Statistics for people: a line for each server, and the sum over the primaries. */
export function formatStats(stats: readonly ServerStats[]): string {
  const headings = ["server", "role", "keys", "memory", "limit", "hits", "misses", "ratio", "evicted", "clients"];
  const rows = stats.map((server) =>
    server.error === undefined
      ? [
          server.address,
          server.role ?? "",
          count(server.keys ?? 0),
          bytes(server.usedMemory ?? 0),
          server.maxMemory ? bytes(server.maxMemory) : "none",
          count(server.hits ?? 0),
          count(server.misses ?? 0),
          server.hitRatio == null ? "-" : server.hitRatio.toFixed(3),
          count(server.evictedKeys ?? 0),
          count(server.clients ?? 0),
        ]
      : [server.address, "-"],
  );
  const primaries = stats.filter(({ role }) => role === "primary");
  const keys = primaries.reduce((sum, server) => sum + (server.keys ?? 0), 0);
  const memory = primaries.reduce((sum, server) => sum + (server.usedMemory ?? 0), 0);
  return [
    table(headings, rows, headings.slice(2).join(" ")),
    `${keyCount(keys)} in ${bytes(memory)} on ${primaries.length} ${primaries.length === 1 ? "primary" : "primaries"}`,
    ...stats.flatMap(({ address, error }) => (error === undefined ? [] : [`${address} does not answer: ${error}`])),
  ].join("\n");
}
