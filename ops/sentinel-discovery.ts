import { type Address, isSameAddress } from "../contract/address.ts";
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

/**
 * Settles which primary it is when some sentinels name another one than the majority does, and the epochs do not tell (two
 * failovers at the same time can end with one number). Each of them hears from one of the majority, with an epoch above
 * all others; they hand it on.
 */
export async function settlePrimary(
  view: SentinelView,
  primary: Address,
  masterName: string,
  pool: ConnectionPool,
): Promise<void> {
  const speaker = view.sentinels.find((one) => one.id !== "" && isSameAddress(one.primary, primary));
  if (!speaker) return;
  const epoch = Math.max(...view.sentinels.map((one) => one.configEpoch)) + 1;
  const { host, port } = speaker.member;
  const message = `${host},${port},${speaker.id},${epoch},${masterName},${primary.host},${primary.port},${epoch}`;
  const told = view.sentinels
    .filter((one) => !isSameAddress(one.primary, primary))
    .map(async ({ member }) => (await pool.to(member)).call("PUBLISH", "__sentinel__:hello", message).catch(() => {}));
  await Promise.all(told);
}

function knows(listener: SentinelNode, other: SentinelNode): boolean {
  return listener.others.some((one) => isSameAddress(one, other.member));
}

/** Milliseconds between two questions of a sentinel to a primary for its replicas; Redis's own period. */
const infoPeriodMs = 10_000;

/**
 * Makes a sentinel ask the primary for its replicas now instead of within 10 s (Redis 7.0 and later; before, this does
 * nothing and they are found in time). `calmDown` must follow.
 */
export async function hurry(one: SentinelNode, pool: ConnectionPool): Promise<void> {
  await setInfoPeriod(one, 100, pool);
}

/** Back to the usual period. */
export async function calmDown(one: SentinelNode, pool: ConnectionPool): Promise<void> {
  await setInfoPeriod(one, infoPeriodMs, pool);
}

async function setInfoPeriod(one: SentinelNode, milliseconds: number, pool: ConnectionPool): Promise<void> {
  const connection = await pool.to(one.member);
  await connection.call("SENTINEL", "DEBUG", "INFO-PERIOD", `${milliseconds}`).catch(() => {});
}

/**
 * Makes a sentinel forget replicas and sentinels, which it never does by itself, and look anew. It keeps the primary,
 * its quorum and its settings.
 */
export async function resetSentinel(one: SentinelNode, masterName: string, pool: ConnectionPool): Promise<void> {
  const connection = await pool.to(one.member);
  await connection.call("SENTINEL", "RESET", masterName.replace(/[*?[\]\\]/g, "\\$&"));
}
