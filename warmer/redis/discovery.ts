import type { Address } from "../../contract/address.ts";
import { formatAddress } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import { SLOTS } from "../slots.ts";
import { reachedAt } from "./nat.ts";
import type { Reply } from "./reply.ts";
import { ReplyError } from "./reply.ts";
import { dataCredentials, RedisConnection } from "./socket.ts";

/** Where keys go: the primaries, and for a cluster which of them has a slot. */
export interface Placement {
  readonly primaries: readonly Address[];
  /** Index into `primaries` for each slot; null where there is only one. -1 where no primary has the slot. */
  readonly slots: Int16Array | null;
}

type EndpointOf<T extends Endpoint["topology"]> = Extract<Endpoint, { topology: T }>;

/** Asks each server in turn until one gives an answer; throws with what each said. */
async function firstAnswer<T>(servers: readonly Address[], ask: (server: Address) => Promise<T>): Promise<T> {
  const reasons: string[] = [];
  let refusal: ReplyError | undefined;
  for (const server of servers) {
    try {
      return await ask(server);
    } catch (error) {
      if (error instanceof ReplyError) refusal = error;
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const message = reasons.join("; ");
  if (refusal !== undefined) refusal.message = message;
  throw refusal ?? new Error(message);
}

async function withConnection<T>(
  connecting: Promise<RedisConnection>,
  work: (connection: RedisConnection) => Promise<T>,
): Promise<T> {
  const connection = await connecting;
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** Throws unless the server is a primary. Servers that refuse ROLE are believed: a write will tell. */
async function verifyPrimary(connection: RedisConnection): Promise<void> {
  let reply: Reply;
  try {
    reply = await connection.call("ROLE");
  } catch (error) {
    if (error instanceof ReplyError && error.code === "NOPERM") return;
    throw error;
  }
  const role = Array.isArray(reply) ? String(reply[0]) : String(reply);
  if (role !== "master") {
    throw new Error(`the sentinels name ${formatAddress(connection.address)} as primary, but its role is "${role}"`);
  }
}

async function findSentinelPrimary(
  endpoint: EndpointOf<"sentinel">,
  signal: AbortSignal,
  verify: boolean,
): Promise<Placement> {
  const credentials = {
    username: endpoint.sentinelUsername,
    password: endpoint.sentinelPassword,
    tls: endpoint.tls,
    database: 0,
  };
  const primary = await firstAnswer(endpoint.sentinels, async (server) => {
    // A sentinel knows no SELECT: without a password the first question is the one that matters.
    return withConnection(
      RedisConnection.open(server, { ...credentials, sentinel: true }, signal),
      async (sentinel) => {
        const reply = await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", endpoint.masterName);
        if (!Array.isArray(reply)) {
          throw new Error(`the sentinel ${formatAddress(server)} watches no primary named "${endpoint.masterName}"`);
        }
        return reachedAt(endpoint, { host: String(reply[0]), port: Number(reply[1]) });
      },
    );
  });
  if (verify) await withConnection(RedisConnection.open(primary, dataCredentials(endpoint), signal), verifyPrimary);
  return { primaries: [primary], slots: null };
}

/** `CLUSTER SLOTS` as a placement. */
function readSlots(reply: Reply, asked: Address, endpoint: Endpoint): Placement {
  const primaries: Address[] = [];
  const indexes = new Map<string, number>();
  const slots = new Int16Array(SLOTS).fill(-1);
  for (const range of Array.isArray(reply) ? reply : []) {
    if (!Array.isArray(range) || !Array.isArray(range[2])) continue;
    const [first, last, [host, port]] = range as [number, number, Reply[]];
    // An empty or unknown host means the one that was asked.
    const unnamed = host === null || String(host) === "" || String(host) === "?";
    const announced = { host: unnamed ? asked.host : String(host), port: Number(port) };
    const address = reachedAt(endpoint, announced);
    const name = formatAddress(address);
    const index = indexes.get(name) ?? primaries.push(address) - 1;
    indexes.set(name, index);
    slots.fill(index, first, last + 1);
  }
  if (primaries.length === 0)
    throw new ReplyError(`CLUSTERDOWN ${formatAddress(asked)} knows no primary that serves slots`);
  return { primaries, slots };
}

async function findClusterPrimaries(
  endpoint: EndpointOf<"cluster">,
  known: readonly Address[],
  signal: AbortSignal,
): Promise<Placement> {
  const servers = new Map([...known, ...endpoint.nodes].map((address) => [formatAddress(address), address]));
  return firstAnswer([...servers.values()], async (server) => {
    return withConnection(RedisConnection.open(server, dataCredentials(endpoint), signal), async (node) => {
      return readSlots(await node.call("CLUSTER", "SLOTS"), server, endpoint);
    });
  });
}

/**
 * Asks the endpoint where its primaries are now.
 * @param known primaries known from before, asked first
 * @param verify whether a server that sentinels name must say so itself, for which the user needs ROLE. @default true
 * @throws ReplyError, Error naming every server that was asked and what it said
 */
export async function discover(
  endpoint: Endpoint,
  known: readonly Address[],
  signal: AbortSignal,
  verify = true,
): Promise<Placement> {
  switch (endpoint.topology) {
    case "standalone":
      return { primaries: endpoint.nodes, slots: null };
    case "sentinel":
      return findSentinelPrimary(endpoint, signal, verify);
    case "cluster":
      return findClusterPrimaries(endpoint, known, signal);
  }
}
