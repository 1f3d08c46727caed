import { type Address, formatAddress } from "../contract/address.ts";
import type { Member } from "../contract/nodes.ts";
import { type ConnectionPool, pairs, parseInfo } from "./connect.ts";
import { nameOf, type Topology } from "./topology.ts";

/** A data node that answered. */
export interface DataNode {
  readonly member: Member;
  readonly isPrimary: boolean;
  /** Whom it follows; undefined for a primary. */
  readonly follows: Address | undefined;
  /** A replica's link to its primary is up. True for a primary. */
  readonly linkUp: boolean;
  /** Keys in all its databases. */
  readonly keys: number;
}

/** A sentinel that answered. */
export interface SentinelNode {
  readonly member: Member;
  readonly id: string;
  /** The primary that it names. */
  readonly primary: Address;
  /** Replicas that it knows, working or not. */
  readonly replicas: readonly Address[];
  /** Addresses of the other sentinels that it knows. */
  readonly others: readonly Address[];
  /** It sees the primary as down, or a failover is under way. */
  readonly busy: boolean;
  readonly failingOver: boolean;
  readonly configEpoch: number;
  /** CKQUORUM says OK; otherwise what it says. */
  readonly quorum: string | undefined;
}

/** A Sentinel topology as it is now. */
export interface SentinelView {
  readonly data: readonly DataNode[];
  readonly sentinels: readonly SentinelNode[];
  /** Members that do not answer yet, in words. */
  readonly silent: readonly string[];
}

/** Asks every member at the same time. */
export async function viewSentinel(topology: Topology, pool: ConnectionPool): Promise<SentinelView> {
  const masterName = topology.monitor?.masterName ?? "";
  const silent: string[] = [];
  const heard = <T>(member: Member, answer: Promise<T>): Promise<T[]> =>
    answer.then(
      (value) => [value],
      (error: Error) => {
        silent.push(`${nameOf(member)} does not answer: ${error.message}`);
        return [];
      },
    );
  const isSentinel = (member: Member) => member.role === "sentinel";
  const [data, sentinels] = await Promise.all([
    Promise.all(topology.members.filter((one) => !isSentinel(one)).map((one) => heard(one, lookAtData(one, pool)))),
    Promise.all(topology.members.filter(isSentinel).map((one) => heard(one, lookAtSentinel(one, masterName, pool)))),
  ]);
  return { data: data.flat(), sentinels: sentinels.flat(), silent };
}

async function lookAtData(member: Member, pool: ConnectionPool): Promise<DataNode> {
  const connection = await pool.to(member);
  const [replicationText, keyspaceText] = await Promise.all([
    connection.text("INFO", "replication"),
    connection.text("INFO", "keyspace"),
  ]);
  const replication = parseInfo(replicationText);
  const isPrimary = replication.role === "master";
  const counts = Object.values(parseInfo(keyspaceText)).map((line) => Number(/keys=(\d+)/.exec(line)?.[1] ?? 0));
  return {
    member,
    isPrimary,
    follows: isPrimary ? undefined : { host: replication.master_host ?? "", port: Number(replication.master_port) },
    linkUp: isPrimary || replication.master_link_status === "up",
    keys: counts.reduce((sum, count) => sum + count, 0),
  };
}

async function lookAtSentinel(member: Member, masterName: string, pool: ConnectionPool): Promise<SentinelNode> {
  const connection = await pool.to(member);
  const [id, master, replicas, others, quorum] = await Promise.all([
    connection.text("SENTINEL", "MYID").catch(() => ""),
    connection.call("SENTINEL", "MASTER", masterName),
    connection.call("SENTINEL", "SLAVES", masterName),
    connection.call("SENTINEL", "SENTINELS", masterName),
    connection.call("SENTINEL", "CKQUORUM", masterName).then(
      () => undefined,
      (error: Error) => error.message,
    ),
  ]);
  const fields = pairs(master);
  return {
    member,
    id,
    primary: placeOf(fields),
    replicas: rows(replicas).map(placeOf),
    others: rows(others).map(placeOf),
    busy: /down|failover|disconnected/.test(fields.flags ?? ""),
    failingOver: /failover_in_progress/.test(fields.flags ?? ""),
    configEpoch: Number(fields["config-epoch"]),
    quorum,
  };
}

function rows(reply: unknown): Record<string, string>[] {
  return Array.isArray(reply) ? reply.map(pairs) : [];
}

function placeOf(fields: Record<string, string>): Address {
  return { host: fields.ip ?? "", port: Number(fields.port) };
}

/** The primary that more than half of all planned sentinels name; undefined when there is none. */
export function namedByMajority(topology: Topology, view: SentinelView): Address | undefined {
  const planned = topology.members.filter((member) => member.role === "sentinel").length;
  const votes = new Map<string, { count: number; primary: Address }>();
  for (const { primary } of view.sentinels) {
    const vote = votes.get(formatAddress(primary)) ?? { count: 0, primary };
    votes.set(formatAddress(primary), { ...vote, count: vote.count + 1 });
  }
  return [...votes.values()].find(({ count }) => count > planned / 2)?.primary;
}
