import { type Address, formatAddress, isSameAddress } from "../contract/address.ts";
import { pairs, withConnection } from "./connect.ts";
import type { Node } from "./node.ts";
import { waitFor } from "./wait.ts";

/** Whom to ask about a primary. */
export interface Watch {
  readonly masterName: string;
  readonly sentinels: readonly Address[];
  readonly password: string;
}

/** Who watches this node; undefined for anything but a data node of a Sentinel topology. */
export function watchOf(node: Node): Watch | undefined {
  if (node.kind !== "redis" || !node.monitor || !node.sentinels?.length) return undefined;
  return { masterName: node.monitor.masterName, sentinels: node.sentinels, password: node.password };
}

/** What a sentinel says about the primary. */
export interface Opinion {
  readonly primary: Address;
  /** Number of the failover that made it the primary, also of one that is under way: the latest counts. */
  readonly epoch: number;
  /** A failover is under way. */
  readonly busy: boolean;
  /** Replicas that this sentinel sees as working. */
  readonly replicas: number;
  readonly sentinel: Address;
}

/** The opinion of the latest failover; undefined when no sentinel answers. They answer at once or not at all. */
export async function askSentinels(watch: Watch): Promise<Opinion | undefined> {
  return (await opinionsOf(watch)).sort((a, b) => b.epoch - a.epoch)[0];
}

async function opinionsOf({ masterName, sentinels, password }: Watch): Promise<Opinion[]> {
  const answers = await Promise.allSettled(
    sentinels.map((sentinel) =>
      withConnection(sentinel, { password, timeoutMs: 500 }, async (connection): Promise<Opinion> => {
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
        const known = (Array.isArray(replicas) ? replicas : []).map(pairs);
        return {
          primary,
          epoch: Number(moving ? fields["failover-epoch"] : fields["config-epoch"]) || 0,
          busy: moving || /failover_in_progress/.test(fields.flags ?? ""),
          replicas: known.filter((one) => !/s_down|o_down|disconnected/.test(one.flags ?? "")).length,
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
  try {
    const said = await waitFor(
      async () => {
        const opinions = await opinionsOf(watch);
        const quiet = opinions.length > 0 && !opinions.some(({ busy }) => busy);
        return quiet ? { value: opinions.sort((a, b) => b.epoch - a.epoch)[0] } : { missing: "the end of a failover" };
      },
      { what: `failing over from ${formatAddress(from)}`, signal, limitMs: 15_000 },
    );
    if (!said) return undefined;
    if (!isSameAddress(said.primary, from)) return said.primary;
    await withConnection(said.sentinel, { password: watch.password }, (connection) =>
      connection.call("SENTINEL", "FAILOVER", watch.masterName),
    );
    return await waitFor(
      async () => {
        const now = await askSentinels(watch);
        return now && !isSameAddress(now.primary, from) ? { value: now.primary } : { missing: "another primary" };
      },
      { what: `failing over from ${formatAddress(from)}`, signal, limitMs: 15_000 },
    );
  } catch {
    return undefined; // no replica was good enough
  }
}
