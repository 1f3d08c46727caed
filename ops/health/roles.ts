import { formatAddress } from "../../contract/address.ts";
import type { Observed } from "./observed.ts";

/** Whether a server is the owner of slots of a cluster. */
export function isOwner(name: string, { owners }: Observed): boolean {
  return owners === undefined || owners.some(({ address }) => formatAddress(address) === name);
}

/** Replicas that each primary was given, by the number of servers: so many, whoever of them is primary now. */
export function plannedReplicas({ endpoint, owners }: Observed): number {
  const { nodes } = endpoint;
  switch (endpoint.topology) {
    case "standalone":
      return 0;
    case "sentinel":
      return nodes.length - 1;
    case "cluster":
      return owners === undefined || owners.length === 0 ? 0 : Math.floor(nodes.length / owners.length) - 1;
  }
}
