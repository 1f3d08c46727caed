import { isSameAddress } from "../contract/address.ts";
import type { ConnectionPool } from "./connect.ts";
import type { SentinelNode, SentinelView } from "./sentinel-view.ts";

/**
 * Tells each sentinel of the others, by the same message that they send each other every 2 s through the data nodes (a
 * sentinel takes it by PUBLISH as well): `address,port,id,epoch,name,primary's address,port,epoch`. Epochs of 0 are
 * never newer than what a sentinel has, so nothing but the acquaintance comes of it.
 */
export async function introduceSentinels(view: SentinelView, masterName: string, pool: ConnectionPool): Promise<void> {
  const introductions = view.sentinels.flatMap((listener) =>
    view.sentinels
      .filter((other) => other !== listener && other.id !== "" && !knows(listener, other))
      .map(async (other) => {
        const { primary } = listener;
        const { host, port } = other.member;
        const message = `${host},${port},${other.id},0,${masterName},${primary.host},${primary.port},0`;
        const connection = await pool.to(listener.member);
        // Where this is refused, they find each other by themselves.
        await connection.call("PUBLISH", "__sentinel__:hello", message).catch(() => {});
      }),
  );
  await Promise.all(introductions);
}

function knows(listener: SentinelNode, other: SentinelNode): boolean {
  return listener.others.some((one) => isSameAddress(one, other.member));
}

/**
 * Makes a sentinel look anew: it asks a primary for its replicas only every 10 s, and never forgets one. It keeps the
 * primary, its quorum and its settings.
 */
export async function resetSentinel(one: SentinelNode, masterName: string, pool: ConnectionPool): Promise<void> {
  const connection = await pool.to(one.member);
  await connection.call("SENTINEL", "RESET", masterName.replace(/[*?[\]\\]/g, "\\$&"));
}
