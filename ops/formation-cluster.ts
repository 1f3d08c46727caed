import { type Address, isSameAddress } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import { healLostSlots } from "./cluster-heal.ts";
import { isBlank, mainOwner, type SlotOwners, slotOwners, unservedSlots } from "./cluster-owners.ts";
import { refuseForeign } from "./cluster-refusals.ts";
import { addSlots } from "./cluster-slots.ts";
import { type ClusterMember, type ClusterView, countSlots, knows, plannedRange, viewCluster } from "./cluster-view.ts";
import type { ConnectionPool } from "./connect.ts";
import { joinMissing, nameOf, type Topology } from "./topology.ts";
import { type Look, waitFor } from "./wait.ts";

/** A round of MEET is repeated after this many milliseconds, should it have been lost. */
const meetAgainMs = 300;

/**
 * Forms or heals a cluster and returns its primaries.
 *
 * Each look takes the next step that what it sees allows, at every node at the same time: slots to blank planned
 * primaries of a cluster that never had any, MEET between nodes that do not know each other (also when one has another
 * address than before), REPLICATE for nodes without slots, FORGET for nodes that are gone and not planned. Roles that
 * a failover has swapped are kept. Slots that nobody has, or somebody who is gone: see cluster-heal.ts.
 */
export async function formCluster(
  topology: Topology,
  pool: ConnectionPool,
  context: OperationContext,
): Promise<Address[]> {
  const steps = new ClusterFormation(topology, pool, context);
  return waitFor(() => steps.next(), { what: "forming the cluster", signal: context.signal, everyMs: 20 });
}

class ClusterFormation {
  readonly #topology: Topology;
  readonly #pool: ConnectionPool;
  readonly #context: OperationContext;
  readonly #shards: number;
  readonly #met = new Map<string, number>();
  #formsAnew = false;

  constructor(topology: Topology, pool: ConnectionPool, context: OperationContext) {
    this.#topology = topology;
    this.#pool = pool;
    this.#context = context;
    this.#shards = new Set(topology.members.map((member) => member.shard)).size;
  }

  async next(): Promise<Look<Address[]>> {
    const view = await viewCluster(this.#topology.members, this.#pool);
    const owners = slotOwners(view);
    // Who does not answer may be the one that has the slots: without it nothing is decided but who meets whom.
    if (view.silent.length === 0) {
      refuseForeign(view, owners);
      if (owners.ids.size === 0) await this.#assignAll(view);
      else await healLostSlots(view, owners, this.#pool, this.#context, (shard) => plannedRange(shard, this.#shards));
    }
    const problems = [
      ...view.silent,
      ...(await this.#meet(view)),
      ...(await this.#announce(view)),
      ...(await this.#replicate(view, owners)),
      ...(await this.#forget(view)),
      ...unservedSlots(owners, view),
    ];
    if (problems.length === 0) problems.push(...(await this.#takeOver(view)));
    if (problems.length > 0) return { missing: joinMissing(problems) };
    return { value: view.members.filter(({ self }) => self.slots.length > 0).map(({ member }) => member) };
  }

  /**
   * First formation. A primary that has just been started does not serve for 2 s (CLUSTER_WRITABLE_DELAY of Redis's
   * cluster.c), but a replica that takes over serves at once. So the slots of a shard first go to a planned replica,
   * the planned primary follows it like the others, and then takes over: see #takeOver. Distinct epochs, so that no two
   * of them have to settle it now.
   */
  async #assignAll(view: ClusterView): Promise<void> {
    const shards = [...new Set(view.members.map(({ member }) => member.shard))];
    const targets = shards.flatMap((shard) => {
      const nodes = view.members.filter(({ member }) => member.shard === shard);
      return nodes.find(({ member }) => member.role === "replica") ?? nodes.slice(0, 1);
    });
    if (targets.length === 0 || !view.members.every(isBlank)) return;
    this.#formsAnew = true;
    await Promise.all(
      targets.map(async (target) => {
        const connection = await this.#pool.to(target.member);
        const epoch = connection.call("CLUSTER", "SET-CONFIG-EPOCH", `${target.member.shard + 1}`);
        // Refused when it already has one, or already knows others: then it is distinct, or will be made so.
        await Promise.all([
          epoch.catch(() => {}),
          addSlots(target, this.#pool, [plannedRange(target.member.shard, this.#shards)]),
        ]);
      }),
    );
  }

  async #meet(view: ClusterView): Promise<string[]> {
    const strange = view.members.flatMap((one, index) =>
      view.members
        .slice(index + 1)
        .filter((other) => !knows(one, other) || !knows(other, one))
        .map((other) => [one, other] as const),
    );
    await this.#sendMeet(strange);
    return strange.map(([one, other]) => `${nameOf(one.member)} and ${nameOf(other.member)} do not know each other`);
  }

  /**
   * Gossip takes seconds to tell everybody who has which slots and who follows whom. A node that is met again says it
   * at once: MEET carries the sender's slots and role, and between nodes that know each other does nothing else.
   */
  async #announce(view: ClusterView): Promise<string[]> {
    const unheard = view.members.flatMap((one) =>
      view.members
        .filter((other) => other !== one && knows(one, other) && !hasHeard(one, other))
        .map((other) => [other, one] as const),
    );
    await this.#sendMeet(unheard);
    return unheard.map(([other, one]) => `${nameOf(one.member)} has not heard of the role of ${nameOf(other.member)}`);
  }

  /** Each first node meets the second, unless it just has. */
  async #sendMeet(pairs: readonly (readonly [ClusterMember, ClusterMember])[]): Promise<void> {
    const now = performance.now();
    await Promise.all(
      pairs.map(async ([one, other]) => {
        const pair = `${one.id} ${other.id}`;
        if (now - (this.#met.get(pair) ?? Number.NEGATIVE_INFINITY) < meetAgainMs) return;
        this.#met.set(pair, now);
        const connection = await this.#pool.to(one.member);
        await connection.call("CLUSTER", "MEET", other.place.host, `${other.place.port}`);
      }),
    );
  }

  /** Nodes without slots follow the primary that has the slots of their shard, as soon as they know it. */
  async #replicate(view: ClusterView, owners: SlotOwners): Promise<string[]> {
    const problems = await Promise.all(
      view.members.map(async (one): Promise<string | undefined> => {
        const primaryId = mainOwner(owners, plannedRange(one.member.shard, this.#shards));
        if (primaryId === undefined || one.id === primaryId || one.self.slots.length > 0) return undefined;
        if (one.self.primaryId === primaryId && !looksElsewhere(one, primaryId)) return undefined;
        const primary = view.members.find(({ id }) => id === primaryId);
        if (!primary) return undefined; // nobody's yet, or a stranger's: told elsewhere
        const problem = `${nameOf(one.member)} does not follow ${nameOf(primary.member)} yet`;
        if (one.self.primaryId === undefined && one.keys > 0) return problem;
        if (!knows(one, primary)) return problem;
        const connection = await this.#pool.to(one.member);
        // Refused while the primary still looks like a replica from here; the next look tries again.
        return connection.call("CLUSTER", "REPLICATE", primaryId).then(
          () => problem,
          (error: Error) => `${problem}: ${error.message}`,
        );
      }),
    );
    return problems.filter((problem) => problem !== undefined);
  }

  /**
   * Planned primaries of a cluster that was formed just now take over: there is no data yet, so nobody needs to agree. At
   * the same moment: should two take the same epoch, they settle it when they hear of each other, and no slot is in both.
   */
  async #takeOver(view: ClusterView): Promise<string[]> {
    if (!this.#formsAnew) return [];
    const waiting = view.members.filter(
      ({ member, self }) => member.role === "primary" && self.primaryId !== undefined,
    );
    const ready = waiting.filter(({ ok }) => ok);
    await Promise.all(
      ready.map(async ({ member }) => (await this.#pool.to(member)).call("CLUSTER", "FAILOVER", "TAKEOVER")),
    );
    return waiting.map(({ member }) => `${nameOf(member)} has not taken over its shard`);
  }

  /** Nodes that are gone, are not planned and have no slots: every member forgets them. */
  async #forget(view: ClusterView): Promise<string[]> {
    if (view.silent.length > 0) return [];
    const ids = new Set(view.members.map(({ id }) => id));
    const asked = view.members.flatMap((one) =>
      [...one.seen.values()]
        .filter((node) => !ids.has(node.id) && node.flags.has("fail") && node.slots.length === 0)
        .map(async (node) => (await this.#pool.to(one.member)).call("CLUSTER", "FORGET", node.id).catch(() => {})),
    );
    await Promise.all(asked);
    return [];
  }
}

/**
 * Follows its primary where that is no more. A node that learns another's new address from a third one writes it down,
 * but its replication stays with the old one (clusterProcessGossipSection of Redis's cluster.c) until it is told again
 * whom it follows.
 */
function looksElsewhere({ linkUp, source, seen }: ClusterMember, primaryId: string): boolean {
  const primary = seen.get(primaryId);
  return !linkUp && source !== undefined && primary !== undefined && !isSameAddress(source, primary.address);
}

/** Sees the slots and the role that the other one has. */
function hasHeard(one: ClusterMember, other: ClusterMember): boolean {
  const seen = one.seen.get(other.id);
  return seen?.primaryId === other.self.primaryId && countSlots(seen?.slots ?? []) === countSlots(other.self.slots);
}
