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
  /** Number of the failover that made it the primary. */
  readonly epoch: number;
  /** Replicas that this sentinel sees as working. */
  readonly replicas: number;
  readonly sentinel: Address;
}

/** The opinion of the latest failover; undefined when no sentinel answers. They answer at once or not at all. */
export async function askSentinels({ masterName, sentinels, password }: Watch): Promise<Opinion | undefined> {
  const answers = await Promise.allSettled(
    sentinels.map((sentinel) =>
      withConnection(sentinel, { password, timeoutMs: 500 }, async (connection): Promise<Opinion> => {
        const [master, replicas] = await Promise.all([
          connection.call("SENTINEL", "MASTER", masterName),
          connection.call("SENTINEL", "SLAVES", masterName),
        ]);
        const fields = pairs(master);
        const known = (Array.isArray(replicas) ? replicas : []).map(pairs);
        const working = known.filter((replica) => !/s_down|o_down|disconnected/.test(replica.flags ?? ""));
        const primary = { host: fields.ip ?? "", port: Number(fields.port) };
        return { primary, epoch: Number(fields["config-epoch"]), replicas: working.length, sentinel };
      }),
    ),
  );
  const opinions = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  return opinions.sort((a, b) => b.epoch - a.epoch)[0];
}

/** Asks the sentinels for another primary than this one, and waits for it; undefined when they cannot. */
export async function failOver(watch: Watch, from: Address, signal: AbortSignal): Promise<Address | undefined> {
  const said = await askSentinels(watch);
  if (!said) return undefined;
  try {
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
