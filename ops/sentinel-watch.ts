import { type Address, formatAddress, isSameAddress } from "../contract/address.ts";
import { type Login, loginOf, pairs, RedisReplyError, withConnection } from "./connect.ts";
import type { Node } from "./node.ts";
import { type Look, waitFor } from "./wait.ts";

/** Whom to ask about a primary. */
export interface Watch {
  readonly masterName: string;
  readonly sentinels: readonly Address[];
  readonly login: Login;
}

/** Who watches this node; undefined for anything but a data node of a Sentinel topology. */
export function watchOf(node: Node): Watch | undefined {
  if (node.kind !== "redis" || !node.monitor || !node.sentinels?.length) return undefined;
  return { masterName: node.monitor.masterName, sentinels: node.sentinels, login: loginOf(node) };
}

/** What a sentinel says about the primary. */
export interface Opinion {
  readonly primary: Address;
  /** Number of the failover that made it the primary, also of one that is under way: the latest counts. */
  readonly epoch: number;
  /** A failover is under way. */
  readonly busy: boolean;
  /** Replicas that this sentinel knows, whether or not it reaches them at the moment. */
  readonly replicas: number;
  readonly sentinel: Address;
}

/** The opinion of the latest failover; undefined when no sentinel answers. They answer at once or not at all. */
export async function askSentinels(watch: Watch): Promise<Opinion | undefined> {
  return (await opinionsOf(watch)).sort((a, b) => b.epoch - a.epoch)[0];
}

async function opinionsOf({ masterName, sentinels, login }: Watch): Promise<Opinion[]> {
  const answers = await Promise.allSettled(
    sentinels.map((sentinel) =>
      withConnection(sentinel, { ...login, timeoutMs: 500 }, async (connection): Promise<Opinion> => {
        const [address, master, replicas] = await Promise.all([
          // During a failover this names the new primary already, while SENTINEL MASTER still names the old one.
          connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName),
          connection.call("SENTINEL", "MASTER", masterName),
          connection.call("SENTINEL", "SLAVES", masterName),
        ]);
        const fields = pairs(master);
        const [host = "", port = 0] = Array.isArray(address) ? address : [];
        const primary = { host: String(host), port: Number(port) };
        const moving = !isSameAddress(primary, { host: fields.ip ?? "", port: Number(fields.port) });
        return {
          primary,
          epoch: Number(moving ? fields["failover-epoch"] : fields["config-epoch"]) || 0,
          busy: moving || /failover_in_progress/.test(fields.flags ?? ""),
          replicas: Array.isArray(replicas) ? replicas.length : 0,
          sentinel,
        };
      }),
    ),
  );
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}

/**
 * Asks the sentinels for another primary than this one, and waits for it; undefined when they cannot. A failover that is
 * under way is waited for first: a second one at the same time could end with two primaries of the same epoch, which
 * the sentinels would never settle.
 */
export async function failOver(watch: Watch, from: Address, signal: AbortSignal): Promise<Address | undefined> {
  const waiting = { what: `failing over from ${formatAddress(from)}`, signal, limitMs: 15_000 };
  try {
    const said = await waitFor(async () => {
      const opinions = await opinionsOf(watch);
      const quiet = opinions.length > 0 && !opinions.some(({ busy }) => busy);
      return quiet ? { value: opinions.sort((a, b) => b.epoch - a.epoch)[0] } : { missing: "the end of a failover" };
    }, waiting);
    if (!said) return undefined;
    if (!isSameAddress(said.primary, from)) return said.primary;
    await waitFor(() => requestFailover(watch, said.sentinel), { ...waiting, limitMs: 5000 });
    return await waitFor(async () => {
      const now = await askSentinels(watch);
      return now && !isSameAddress(now.primary, from) ? { value: now.primary } : { missing: "another primary" };
    }, waiting);
  } catch {
    return undefined; // no replica was good enough
  }
}

/** Right after a failover a sentinel knows no good replica: it asks them every second, and then has one. */
async function requestFailover({ masterName, login }: Watch, sentinel: Address): Promise<Look<true>> {
  try {
    await withConnection(sentinel, login, (connection) => connection.call("SENTINEL", "FAILOVER", masterName));
    return { value: true };
  } catch (error) {
    if (error instanceof RedisReplyError && error.code === "NOGOODSLAVE") return { missing: error.message };
    throw error;
  }
}
