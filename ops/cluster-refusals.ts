import { formatAddress } from "../contract/address.ts";
import { formatRanges, type SlotOwners, slotsOf } from "./cluster-owners.ts";
import { type ClusterMember, type ClusterView, countSlots, slotCount } from "./cluster-view.ts";
import { nameOf } from "./topology.ts";

/**
 * Refuses to join what does not belong together: to go on would delete data. Throws with every such node, and with
 * what to do. Only asked when every member answers.
 */
export function refuseForeign(view: ClusterView, owners: SlotOwners): void {
  const problems = [
    ...view.members.flatMap((one) => strayKeys(one, view.members.length)),
    ...strangers(view, owners),
    ...twoClusters(view),
  ];
  if (problems.length > 0) throw new Error(`the cluster is not formed over data:\n - ${problems.join("\n - ")}`);
}

/**
 * Keys of a life before the cluster: on a primary without slots, or on a node that knows no other. (A server with data
 * that is started as a cluster node takes the slots of its keys by itself.)
 */
function strayKeys(one: ClusterMember, members: number): string[] {
  const alone = members > 1 && one.seen.size === 1;
  const slotless = one.self.slots.length === 0 && one.self.primaryId === undefined;
  if (one.keys === 0 || !(alone || slotless)) return [];
  const count = one.keys === 1 ? "1 key" : `${one.keys} keys`;
  return [
    `${nameOf(one.member)} holds ${count} but ${alone ? "knows no other node" : "has no slots"}, so they belong to no cluster: ` +
      "move them elsewhere and empty it (FLUSHALL, CLUSTER RESET HARD), or choose another directory (hearth:directory)",
  ];
}

/** A living node that is not planned and still has slots. */
function strangers(view: ClusterView, owners: SlotOwners): string[] {
  const ids = new Set(view.members.map(({ id }) => id));
  const addresses = new Set(view.members.map(({ place }) => formatAddress(place)));
  const problems = new Map<string, string>();
  for (const { member, seen } of view.members) {
    for (const node of seen.values()) {
      const foreign = !ids.has(node.id) && !addresses.has(formatAddress(node.address));
      if (!foreign || !node.linkUp || node.flags.has("handshake") || isFailing(node.flags)) continue;
      const slots = slotsOf(owners, node.id, [0, slotCount - 1]);
      if (slots.length === 0) continue;
      problems.set(
        node.id,
        `${nameOf(member)} belongs to a cluster with ${formatAddress(node.address)}, which is not part of this one and has ` +
          `${countSlots(slots)} slots (${formatRanges(slots)}): move its slots away first, or choose another directory (hearth:directory)`,
      );
    }
  }
  return [...problems.values()];
}

/** Two members that have the same slots and have never met: each has a cluster of its own. */
function twoClusters(view: ClusterView): string[] {
  const problems: string[] = [];
  view.members.forEach((one, index) => {
    for (const other of view.members.slice(index + 1)) {
      if (one.seen.has(other.id) || other.seen.has(one.id) || !overlap(one, other)) continue;
      problems.push(
        `${nameOf(one.member)} and ${nameOf(other.member)} have the same slots in two clusters: joining them would delete ` +
          "the keys of one; choose another directory (hearth:directory), or empty one with CLUSTER RESET HARD",
      );
    }
  });
  return problems;
}

function overlap(one: ClusterMember, other: ClusterMember): boolean {
  return one.self.slots.some(([from, to]) => other.self.slots.some(([a, b]) => from <= b && a <= to));
}

function isFailing(flags: ReadonlySet<string>): boolean {
  return flags.has("fail") || flags.has("fail?") || flags.has("noaddr");
}
