import { formatAddress } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import { giveFreeSlots } from "./cluster-free-slots.ts";
import { formatRanges, isBlank, mainOwner, type SlotOwners, slotsOf } from "./cluster-owners.ts";
import { addSlots } from "./cluster-slots.ts";
import { type ClusterMember, type ClusterView, type SeenNode, type SlotRange, slotCount } from "./cluster-view.ts";
import type { ConnectionPool } from "./connect.ts";
import { nameOf } from "./topology.ts";

/**
 * Slots of a cluster that has some, but not all in living hands. Asked when every member answers, so that an owner which
 * is expected back has come back. Three cases:
 *
 * - Nobody claims the slots: see cluster-free-slots.ts.
 * - They belong to a node that is gone for good, because another node with another id now lives at its address (its
 *   folder was lost), and one of its replicas is here: the replica takes over, without the election that may never come
 *   when most primaries went at once.
 * - The same, without a replica: the keys are lost. The slots go to the planned, blank primary, and this is said.
 *
 * An owner that is gone but whose address nobody took may still come back: formation waits, and then explains.
 */
export async function healLostSlots(
  view: ClusterView,
  owners: SlotOwners,
  pool: ConnectionPool,
  context: OperationContext,
  rangeOf: (shard: number) => SlotRange,
): Promise<void> {
  await giveFreeSlots(view, owners, pool, context, rangeOf);
  for (const lost of lostForGood(view, owners)) {
    const replica = view.members.find(({ self }) => self.primaryId === lost.id);
    const slots = slotsOf(owners, lost.id, [0, slotCount - 1]);
    if (replica) {
      context.progress(
        `${nameOf(replica.member)} takes over slots ${formatRanges(slots)} of a primary that lost its folder`,
      );
      await (await pool.to(replica.member)).call("CLUSTER", "FAILOVER", "TAKEOVER");
      continue;
    }
    const target = view.members.find((one) => isBlank(one) && mainOwner(owners, rangeOf(one.member.shard)) === lost.id);
    if (!target) continue;
    context.progress(
      `slots ${formatRanges(slots)} were lost with a folder and have no replica: ${nameOf(target.member)} starts them empty`,
    );
    await giveLostSlots(lost, target, view, pool, slots);
  }
}

/** Owners of slots that are no members, at whose address a member with another id lives now. */
function lostForGood(view: ClusterView, owners: SlotOwners): SeenNode[] {
  const ids = new Set(view.members.map(({ id }) => id));
  const addresses = new Set(view.members.map(({ place }) => formatAddress(place)));
  const lost = new Map<string, SeenNode>();
  for (const { seen } of view.members) {
    for (const node of seen.values()) {
      if (!owners.ids.has(node.id) || ids.has(node.id) || node.flags.has("handshake")) continue;
      // `noaddr`: Redis itself has noticed that somebody else lives at its address.
      const replaced = node.flags.has("noaddr") || addresses.has(formatAddress(node.address));
      if (replaced && owners.bySlot.includes(node.id)) lost.set(node.id, node);
    }
  }
  return [...lost.values()];
}

/** Everybody forgets the lost node, and with it its claim, at the same time; gossip would bring it back otherwise. */
async function giveLostSlots(
  lost: SeenNode,
  target: ClusterMember,
  view: ClusterView,
  pool: ConnectionPool,
  slots: readonly SlotRange[],
): Promise<void> {
  const forgotten = view.members
    .filter(({ seen }) => seen.has(lost.id))
    .map(async ({ member }) => (await pool.to(member)).call("CLUSTER", "FORGET", lost.id).catch(() => {}));
  await Promise.all(forgotten);
  await addSlots(target, pool, slots);
}
