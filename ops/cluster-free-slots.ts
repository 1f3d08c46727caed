import type { OperationContext } from "../contract/operation.ts";
import { formatRanges, isBlank, mainOwner, rangesOf, type SlotOwners, slotsOf } from "./cluster-owners.ts";
import { addSlots } from "./cluster-slots.ts";
import type { ClusterMember, ClusterView, SlotRange } from "./cluster-view.ts";
import { type ConnectionPool, RedisReplyError } from "./connect.ts";
import { nameOf } from "./topology.ts";

/**
 * Slots that nobody claims, in a cluster that has others: its formation was interrupted, or somebody took them away
 * (CLUSTER DELSLOTS). They go to the shard that they are planned for: to the primary that has its other slots, or, where
 * it has none, to its blank primary. What a primary still holds of them is served again.
 *
 * Throws where another node holds keys of them: whoever gives it the slots decides which of the keys count.
 */
export async function giveFreeSlots(
  view: ClusterView,
  owners: SlotOwners,
  pool: ConnectionPool,
  context: OperationContext,
  rangeOf: (shard: number) => SlotRange,
): Promise<void> {
  for (const shard of new Set(view.members.map(({ member }) => member.shard))) {
    const free = slotsOf(owners, undefined, rangeOf(shard));
    const target = free.length === 0 ? undefined : leaderOf(shard, view, mainOwner(owners, rangeOf(shard)));
    if (target === undefined) continue;
    await refuseKeysElsewhere(free, target, view, pool);
    try {
      await addSlots(target, pool, free);
    } catch (error) {
      // It knows of an owner that has not said so yet.
      if (error instanceof RedisReplyError && error.message.includes("busy")) continue;
      throw error;
    }
    context.progress(`slots ${formatRanges(free)} had no owner: ${nameOf(target.member)} serves them`);
  }
}

/** Nobody, where it cannot be told now: the next look may. */
function leaderOf(shard: number, view: ClusterView, owner: string | undefined): ClusterMember | undefined {
  if (owner !== undefined) return view.members.find(({ id, self }) => id === owner && self.slots.length > 0);
  const blank = view.members.filter((one) => one.member.shard === shard && isBlank(one));
  return blank.find(({ member }) => member.role === "primary") ?? blank[0];
}

async function refuseKeysElsewhere(
  free: readonly SlotRange[],
  target: ClusterMember,
  view: ClusterView,
  pool: ConnectionPool,
): Promise<void> {
  const slots = free.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
  const others = view.members.filter(({ id, self, keys }) => id !== target.id && keys > 0 && !self.primaryId);
  const problems = await Promise.all(
    others.map(async ({ member }) => {
      const connection = await pool.to(member);
      const counts = await Promise.all(slots.map((slot) => connection.call("CLUSTER", "COUNTKEYSINSLOT", `${slot}`)));
      const held = slots.filter((_, index) => Number(counts[index]) > 0);
      if (held.length === 0) return [];
      const ranges = formatRanges(rangesOf(held));
      return [
        `slots ${ranges} have no owner; they are planned for ${nameOf(target.member)}, but ${nameOf(member)} holds keys of ` +
          "them: run CLUSTER ADDSLOTS on the node whose keys are to be served",
      ];
    }),
  );
  if (problems.flat().length > 0) throw new Error(problems.flat().join("\n"));
}
