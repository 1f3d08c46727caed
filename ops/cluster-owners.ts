import { formatAddress } from "../contract/address.ts";
import { type ClusterMember, type ClusterView, countSlots, type SlotRange, slotCount } from "./cluster-view.ts";

/** Who has each slot, by all that the members say: of two claims the one with the higher epoch counts. */
export interface SlotOwners {
  /** Node id by slot; undefined where nobody claims it. */
  readonly bySlot: readonly (string | undefined)[];
  /** Ids of everybody that claims a slot, members or not. */
  readonly ids: ReadonlySet<string>;
}

/** Collects all claims: what each member says of itself, which knows best, and what they say of nodes that are no members. */
export function slotOwners(view: ClusterView): SlotOwners {
  const members = new Set(view.members.map(({ id }) => id));
  const bySlot: (string | undefined)[] = new Array(slotCount).fill(undefined);
  const epochs = new Int32Array(slotCount).fill(-1);
  const ids = new Set<string>();
  for (const { id: teller, seen } of view.members) {
    for (const { id, epoch, slots } of seen.values()) {
      if (id !== teller && members.has(id)) continue;
      for (const [from, to] of slots) {
        ids.add(id);
        for (let slot = from; slot <= to; slot++) {
          if (epoch <= (epochs[slot] as number)) continue;
          epochs[slot] = epoch;
          bySlot[slot] = id;
        }
      }
    }
  }
  return { bySlot, ids };
}

/** The slots of a range that one owner has, or nobody (undefined), as ranges. */
export function slotsOf(owners: SlotOwners, owner: string | undefined, [from, to]: SlotRange): SlotRange[] {
  const slots: number[] = [];
  for (let slot = from; slot <= to; slot++) if (owners.bySlot[slot] === owner) slots.push(slot);
  return rangesOf(slots);
}

/** Slots in ascending order, as ranges. */
export function rangesOf(slots: readonly number[]): SlotRange[] {
  const ranges: [number, number][] = [];
  for (const slot of slots) {
    const last = ranges.at(-1);
    if (last && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

/** Who has most slots of a range. */
export function mainOwner(owners: SlotOwners, [from, to]: SlotRange): string | undefined {
  const counts = new Map<string, number>();
  for (let slot = from; slot <= to; slot++) {
    const id = owners.bySlot[slot];
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** A node that nothing is lost with: no slots, no keys, no primary. */
export function isBlank(member: ClusterMember): boolean {
  return member.self.slots.length === 0 && member.keys === 0 && member.self.primaryId === undefined;
}

/** `0-5460, 7000` */
export function formatRanges(ranges: readonly SlotRange[]): string {
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/** Slots that no living member serves, in words: nobody has them, or somebody that is not here. */
export function unservedSlots(owners: SlotOwners, view: ClusterView): string[] {
  const members = new Set(view.members.map(({ id }) => id));
  const absent = [undefined, ...[...owners.ids].filter((id) => !members.has(id))];
  return absent.flatMap((id) => {
    const ranges = slotsOf(owners, id, [0, slotCount - 1]);
    if (ranges.length === 0) return [];
    const slots = `${countSlots(ranges)} slots (${formatRanges(ranges)})`;
    if (id === undefined) return [`${slots} have no owner`];
    const address = view.members
      .map(({ seen }) => seen.get(id)?.address)
      .find((one) => one !== undefined && one.port > 0);
    return [`${slots} belong to ${address ? formatAddress(address) : `node ${id}`}, which is not here`];
  });
}
