import type { ClusterMember, SlotRange } from "./cluster-view.ts";
import type { ConnectionPool } from "./connect.ts";

/** Gives slots that nobody has to a node. */
export async function addSlots(
  target: ClusterMember,
  pool: ConnectionPool,
  ranges: readonly SlotRange[],
): Promise<void> {
  const connection = await pool.to(target.member);
  if (target.version >= 70_000) {
    await connection.call("CLUSTER", "ADDSLOTSRANGE", ...ranges.flat().map(String));
    return;
  }
  const slots = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`));
  await connection.call("CLUSTER", "ADDSLOTS", ...slots);
}
