import type { AclUser } from "../acl.ts";
import type { TopologyName } from "../args.ts";
import { podUser } from "../secrets.ts";

/**
 * As whom the pods' own scripts ask: at a data node, to hand over before it is stopped; at a sentinel, who is the primary,
 * and for another one; at a node of a cluster, who has taken over. It reads no key.
 */
export function handoverUser(topology: TopologyName, kind: "redis" | "sentinel"): AclUser {
  const sentinel = ["get-master-addr-by-name", "master", "failover"].map((name) => `+sentinel|${name}`);
  const own = topology === "cluster" ? ["+cluster|failover", "+cluster|nodes"] : ["+client|pause", "+client|unpause"];
  const commands = ["-@all", "+ping", ...(kind === "sentinel" ? sentinel : ["+info", ...own])];
  return { user: podUser, keys: [], channels: [], commands };
}
