import { type Address, formatAddress, isSameAddress } from "../contract/address.ts";
import type { Member } from "../contract/nodes.ts";
import { type ConnectionPool, parseInfo } from "./connect.ts";

/** Number of slots of a Redis Cluster. */
export const slotCount = 16_384;

/** First and last slot of a range. */
export type SlotRange = readonly [from: number, to: number];

/** One line of CLUSTER NODES: a node as another one sees it. */
export interface SeenNode {
  readonly id: string;
  readonly address: Address;
  readonly flags: ReadonlySet<string>;
  /** Id of the primary that it follows; undefined for a primary. */
  readonly primaryId: string | undefined;
  /** There is a connection to it, or the attempt to have one: Redis says "connected" of both. */
  readonly linkUp: boolean;
  /** Raised by every failover: of two owners of a slot the one with the higher epoch has it. */
  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** A member that answered, with all that it says of itself and the others. */
export interface ClusterMember {
  readonly member: Member;
  /** Where the others know it: nodes of a cluster know each other by address, also those that have names. */
  readonly place: Address;
  readonly id: string;
  readonly self: SeenNode;
  readonly seen: ReadonlyMap<string, SeenNode>;
  /** cluster_state is ok. */
  readonly ok: boolean;
  readonly keys: number;
  /** A replica's link to its primary is up and its copy complete. True for a primary. */
  readonly linkUp: boolean;
  /** Where a replica looks for its primary; undefined for a primary. */
  readonly source: Address | undefined;
  /** Redis's version as one number: 7.0.15 is 70015. */
  readonly version: number;
}

/** The members as they are now. */
export interface ClusterView {
  readonly members: readonly ClusterMember[];
  /** Members that do not answer yet, in words. */
  readonly silent: readonly string[];
}

/** Asks every member at the same time. A member that does not answer is named in `silent`. */
export async function viewCluster(members: readonly Member[], pool: ConnectionPool): Promise<ClusterView> {
  const looks = await Promise.all(
    members.map(async (member): Promise<ClusterMember | string> => {
      try {
        return await lookAt(member, pool);
      } catch (error) {
        return `${member.name} (${formatAddress(member)}) does not answer: ${(error as Error).message}`;
      }
    }),
  );
  return {
    members: looks.filter((look) => typeof look !== "string"),
    silent: looks.filter((look) => typeof look === "string"),
  };
}

async function lookAt(member: Member, pool: ConnectionPool): Promise<ClusterMember> {
  const connection = await pool.to(member);
  const [nodes, cluster, server, replication, keys] = await Promise.all([
    connection.text("CLUSTER", "NODES"),
    connection.text("CLUSTER", "INFO"),
    connection.text("INFO", "server"),
    connection.text("INFO", "replication"),
    connection.call("DBSIZE"),
  ]);
  const seen = new Map(parseNodes(nodes).map((node) => [node.id, node]));
  const self = [...seen.values()].find((node) => node.flags.has("myself"));
  if (!self) throw new Error("CLUSTER NODES does not name the node itself");
  const { role, master_link_status, master_host, master_port } = parseInfo(replication);
  const [major = 0, minor = 0, patch = 0] = (parseInfo(server).redis_version ?? "").split(".").map(Number);
  return {
    member,
    place: connection.place,
    id: self.id,
    self,
    seen,
    ok: parseInfo(cluster).cluster_state === "ok",
    keys: Number(keys),
    linkUp: role === "master" || master_link_status === "up",
    source: role === "master" ? undefined : { host: master_host ?? "", port: Number(master_port) },
    version: major * 10_000 + minor * 100 + patch,
  };
}

/**
 * Knows it by its id and at its present address. A link alone proves nothing: one to an address where nobody answers any
 * more looks "connected" until node-timeout ends it, and Redis then tries the same address again.
 */
export function knows(one: ClusterMember, other: ClusterMember): boolean {
  const seen = one.seen.get(other.id);
  if (!seen || seen.flags.has("handshake") || seen.flags.has("noaddr")) return false;
  return isSameAddress(seen.address, other.place) || (seen.linkUp && isSameAddress(seen.address, other.self.address));
}

/** The lines of CLUSTER NODES. */
export function parseNodes(text: string): SeenNode[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [id = "", address = "", flags = "", primary = "-", , , epoch = "0", link = "", ...slots] = line.split(" ");
      return {
        id,
        address: parseAddress(address),
        flags: new Set(flags.split(",")),
        primaryId: primary === "-" ? undefined : primary,
        linkUp: link === "connected",
        epoch: Number(epoch),
        // `[93-<-id]`: a slot on its way from one primary to another; it still belongs to its old one.
        slots: slots.filter((slot) => !slot.startsWith("[")).map(parseRange),
      };
    });
}

/** `host:port@bus,hostname` */
function parseAddress(text: string): Address {
  const [place = ""] = text.split(/[@,]/, 1);
  const colon = place.lastIndexOf(":");
  return { host: place.slice(0, colon), port: Number(place.slice(colon + 1)) };
}

function parseRange(text: string): SlotRange {
  const [from = 0, to = from] = text.split("-").map(Number);
  return [from, to];
}

/** How many slots the ranges hold. */
export function countSlots(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** The slots of shard `index` of `count`, as equal as can be. */
export function plannedRange(index: number, count: number): SlotRange {
  const from = Math.round((index * slotCount) / count);
  return [from, Math.round(((index + 1) * slotCount) / count) - 1];
}
