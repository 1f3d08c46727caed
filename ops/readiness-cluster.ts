import { slotOwners, unservedSlots } from "./cluster-owners.ts";
import { type ClusterMember, knows, viewCluster } from "./cluster-view.ts";
import type { ConnectionPool } from "./connect.ts";
import { type Findings, nameOf, type Topology } from "./topology.ts";

/** Every node says that the cluster is ok, every slot is served, every shard has its primary and replicas, connected. */
export async function clusterReadiness(topology: Topology, pool: ConnectionPool): Promise<Findings> {
  const view = await viewCluster(topology.members, pool);
  const primaries = view.members.filter(({ self }) => self.slots.length > 0);
  const problems = [...view.silent];
  for (const one of view.members) {
    const name = nameOf(one.member);
    if (!one.ok) problems.push(`${name} says that the cluster's state is fail`);
    if (!one.linkUp) problems.push(`the link of ${name} to its primary is down`);
    if (one.self.slots.length === 0 && one.self.primaryId === undefined)
      problems.push(`${name} has no slots and follows nobody`);
    problems.push(...disagreements(one, view.members));
  }
  problems.push(...unservedSlots(slotOwners(view), view), ...shardProblems(topology, view.members));
  const replicas = view.members.filter(({ self, linkUp }) => self.primaryId !== undefined && linkUp).length;
  return { problems, primaries: primaries.map(({ member }) => member), replicas };
}

/** A client may ask any node for the map: every node must see every other in its role. */
function disagreements(one: ClusterMember, members: readonly ClusterMember[]): string[] {
  return members.flatMap((other) => {
    if (other === one) return [];
    const seen = one.seen.get(other.id);
    const names = `${nameOf(one.member)} does not`;
    if (!seen || seen.flags.has("handshake")) return [`${names} know ${nameOf(other.member)}`];
    if (!knows(one, other)) return [`${names} know the address of ${nameOf(other.member)}`];
    if (seen.flags.has("fail") || seen.flags.has("fail?") || !seen.linkUp)
      return [`${names} reach ${nameOf(other.member)}`];
    return seen.primaryId === other.self.primaryId ? [] : [`${names} know the role of ${nameOf(other.member)} yet`];
  });
}

/** Every primary has as many replicas as planned: so many nodes for each shard, whoever of them leads it now. */
function shardProblems(topology: Topology, members: readonly ClusterMember[]): string[] {
  const shards = new Map<number, number>();
  for (const { shard } of topology.members) shards.set(shard, (shards.get(shard) ?? 0) + 1);
  return [...shards].flatMap(([shard, size]) => {
    const inShard = members.filter(({ member }) => member.shard === shard);
    const leaders = inShard.filter(({ self }) => self.slots.length > 0);
    const [leader] = leaders;
    if (!leader || leaders.length > 1) return [`shard ${shard} has ${leaders.length} primaries instead of one`];
    const replicas = inShard.filter(({ self }) => self.primaryId === leader.id).length;
    return replicas === size - 1 ? [] : [`${nameOf(leader.member)} has ${replicas} replicas of ${size - 1}`];
  });
}
