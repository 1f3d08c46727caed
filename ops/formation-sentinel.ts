import { type Address, formatAddress, isSameAddress } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import type { ConnectionPool } from "./connect.ts";
import { calmDown, hurry, introduceSentinels, resetSentinel, settlePrimary } from "./sentinel-discovery.ts";
import { type DataNode, namedByMajority, type SentinelNode, type SentinelView, viewSentinel } from "./sentinel-view.ts";
import { joinMissing, nameOf, type Topology } from "./topology.ts";
import { type Look, waitFor } from "./wait.ts";

/** A sentinel that still knows more than there is, once all else is right, is reset after this many milliseconds. */
const resetAfterMs = 1000;
/** Sentinels tell each other of a failover every 2 s; after so many milliseconds they will not agree by themselves. */
const settleAfterMs = 5000;

/**
 * Makes all data nodes follow one primary, and all sentinels know it and each other. Returns the primary.
 *
 * The primary is whom the majority of the sentinels name, because they remember failovers that the plan knows nothing
 * of; else the only node that says that it is one and has data; else the planned one.
 */
export async function formSentinel(
  topology: Topology,
  pool: ConnectionPool,
  context: OperationContext,
): Promise<Address[]> {
  const steps = new SentinelFormation(topology, pool, context);
  try {
    return await waitFor(() => steps.next(), { what: "forming the Sentinel topology", signal: context.signal });
  } finally {
    await steps.end();
  }
}

class SentinelFormation {
  readonly #topology: Topology;
  readonly #pool: ConnectionPool;
  readonly #context: OperationContext;
  /** Since when everything but the sentinels' knowledge is right. */
  #connectedSince: number | undefined;
  #lastReset = Number.NEGATIVE_INFINITY;
  #leaderlessSince: number | undefined;
  #disagreeSince: number | undefined;
  readonly #hurried = new Map<string, SentinelNode>();

  constructor(topology: Topology, pool: ConnectionPool, context: OperationContext) {
    this.#topology = topology;
    this.#pool = pool;
    this.#context = context;
  }

  async next(): Promise<Look<Address[]>> {
    const view = await viewSentinel(this.#topology, this.#pool);
    const primary = this.#primaryOf(view);
    if (!primary) return { missing: joinMissing([...view.silent, "the data nodes' answers"]) };
    const links = await this.#connect(view, primary);
    const knowledge = await this.#teach(view, primary, links.length === 0 && view.silent.length === 0);
    await this.#settle(view, primary);
    const problems = [...view.silent, ...links, ...knowledge];
    return problems.length > 0 ? { missing: joinMissing(problems) } : { value: [primary] };
  }

  #primaryOf(view: SentinelView): Address | undefined {
    const named = namedByMajority(this.#topology, view);
    if (named) return named;
    // Sentinels that do not answer yet may know better than the data nodes; only when all are here they are outvoted.
    if (view.silent.length > 0) return undefined;
    const withData = view.data.filter((one) => one.isPrimary && one.keys > 0);
    return withData.length === 1 ? withData[0]?.member : this.#topology.monitor?.primary;
  }

  /** Every other data node follows the primary. What is still missing of it. */
  async #connect(view: SentinelView, primary: Address): Promise<string[]> {
    const leader = view.data.find(({ member }) => isSameAddress(member, primary));
    if (!leader) return [`an answer of the primary ${formatAddress(primary)}`];
    if (!leader.isPrimary) return [await this.#promote(view, leader)];
    this.#leaderlessSince = undefined;
    const problems = await Promise.all(
      view.data
        .filter((one) => one !== leader)
        .map(async (one) => {
          if (one.follows && isSameAddress(one.follows, primary)) {
            return one.linkUp ? undefined : `the link of ${nameOf(one.member)} to its primary`;
          }
          refuseLoss(one, leader);
          await this.#follow(one, primary);
          return `${nameOf(one.member)} as a replica of ${formatAddress(primary)}`;
        }),
    );
    return problems.filter((problem) => problem !== undefined);
  }

  /** As Sentinel does it: the new role is written into the node's configuration as well. */
  async #follow(one: DataNode, primary: Address): Promise<void> {
    const connection = await this.#pool.to(one.member);
    await connection.call("REPLICAOF", primary.host, `${primary.port}`);
    await connection.call("CONFIG", "REWRITE").catch(() => {}); // next start asks the sentinels anyway
  }

  /**
   * The named primary says that it is a replica: a failover under way, which ends by itself. When no node at all is a
   * primary for longer than that, they were stopped in the middle of one, and the named one is promoted.
   */
  async #promote(view: SentinelView, leader: DataNode): Promise<string> {
    const problem = `${nameOf(leader.member)} as the primary that the sentinels name`;
    const leaderless = view.silent.length === 0 && view.data.every((one) => !one.isPrimary);
    if (!leaderless) this.#leaderlessSince = undefined;
    else this.#leaderlessSince ??= performance.now();
    if (this.#leaderlessSince !== undefined && performance.now() - this.#leaderlessSince > 2000) {
      this.#context.progress(`${nameOf(leader.member)} becomes the primary: the sentinels name it, and no node is one`);
      await (await this.#pool.to(leader.member)).call("REPLICAOF", "NO", "ONE");
    }
    return problem;
  }

  /** A lasting disagreement of quiet sentinels about the primary goes as the majority says. */
  async #settle(view: SentinelView, primary: Address): Promise<void> {
    const disagree = view.sentinels.some((one) => !isSameAddress(one.primary, primary));
    const quiet = view.silent.length === 0 && !view.sentinels.some((one) => one.failingOver);
    if (!disagree || !quiet || !namedByMajority(this.#topology, view)) this.#disagreeSince = undefined;
    else this.#disagreeSince ??= performance.now();
    if (this.#disagreeSince === undefined || performance.now() - this.#disagreeSince < settleAfterMs) return;
    this.#disagreeSince = undefined;
    this.#context.progress(`the sentinels disagree about the primary: settled for ${formatAddress(primary)}`);
    await settlePrimary(view, primary, this.#topology.monitor?.masterName ?? "", this.#pool);
  }

  /** Every sentinel knows the primary, all replicas and all other sentinels. What is still missing of it. */
  async #teach(view: SentinelView, primary: Address, connected: boolean): Promise<string[]> {
    const { masterName = "" } = this.#topology.monitor ?? {};
    const problems = view.sentinels.flatMap((one) => this.#ignorance(view, one, primary));
    if (problems.length === 0) return [];
    await introduceSentinels(view, masterName, this.#pool);
    if (!connected) {
      this.#connectedSince = undefined;
      return problems;
    }
    const replicas = view.data.length - 1;
    await Promise.all(view.sentinels.filter((one) => one.replicas.length < replicas).map((one) => this.#hurry(one)));
    this.#connectedSince ??= performance.now();
    const now = performance.now();
    if (now - Math.max(this.#connectedSince, this.#lastReset) < resetAfterMs) return problems;
    // One at a time: the others can still fail over meanwhile.
    const stale = view.sentinels.find(
      (one) => !one.busy && (one.replicas.length > replicas || one.others.length > view.sentinels.length - 1),
    );
    if (stale) {
      this.#lastReset = now;
      await resetSentinel(stale, masterName, this.#pool);
    }
    return problems;
  }

  async #hurry(one: SentinelNode): Promise<void> {
    if (this.#hurried.has(one.member.name)) return;
    this.#hurried.set(one.member.name, one);
    await hurry(one, this.#pool);
  }

  /** Leaves the sentinels as they are meant to run, however the formation ended. */
  async end(): Promise<void> {
    const calmed = [...this.#hurried.values()].map((one) => calmDown(one, this.#pool));
    await Promise.allSettled(calmed);
  }

  #ignorance(view: SentinelView, one: SentinelNode, primary: Address): string[] {
    const name = nameOf(one.member);
    const problems: string[] = [];
    const [replicas, others] = [view.data.length - 1, view.sentinels.length - 1];
    if (!isSameAddress(one.primary, primary))
      problems.push(`${name} names ${formatAddress(one.primary)} as the primary`);
    if (one.replicas.length !== replicas) problems.push(`${name} knows ${one.replicas.length} replicas of ${replicas}`);
    if (one.others.length !== others) problems.push(`${name} knows ${one.others.length} other sentinels of ${others}`);
    if (one.quorum !== undefined) problems.push(`${name}: ${one.quorum}`);
    return problems;
  }
}

/** A node that says that it is a primary and has keys would lose them by following an empty one. */
function refuseLoss(one: DataNode, leader: DataNode): void {
  if (!one.isPrimary || one.keys === 0 || leader.keys > 0) return;
  const count = one.keys === 1 ? "1 key" : `${one.keys} keys`;
  throw new Error(
    `${nameOf(one.member)} holds ${count} and is a primary, while ${nameOf(leader.member)}, which it is to follow, ` +
      "is empty: following would delete the keys. Empty it with FLUSHALL if they are not wanted, " +
      "or choose another directory (hearth:directory)",
  );
}
