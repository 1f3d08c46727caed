import { type Address, formatAddress } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import { reachedAt } from "../../warmer/redis/nat.ts";
import type { Reply } from "../connect.ts";
import type { DataServer } from "./look.ts";

/** Slots of a cluster. */
export const slotCount = 16_384;

/** A primary of a cluster with the slots that it owns. */
export interface Owner {
  readonly address: Address;
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** Who owns which slots, as the first server tells that thinks the cluster well; else the first that tells at all. */
export function slotOwners(servers: readonly DataServer[], endpoint: Endpoint): Owner[] | undefined {
  const telling = servers.filter(({ slots }) => slots !== undefined);
  const teller = telling.find(({ cluster }) => cluster?.cluster_state === "ok") ?? telling[0];
  return teller && readSlots(teller.slots, teller.address, endpoint);
}

function readSlots(reply: Reply | undefined, asked: Address, endpoint: Endpoint): Owner[] {
  const owners = new Map<string, { address: Address; ranges: [number, number][] }>();
  for (const range of Array.isArray(reply) ? reply : []) {
    if (!Array.isArray(range) || !Array.isArray(range[2])) continue;
    const [first, last, [host, port]] = range as [number, number, Reply[]];
    // An empty or unknown host means the one that was asked.
    const announced = { host: String(host ?? "") || asked.host, port: Number(port) };
    const address = reachedAt(endpoint, announced.host === "?" ? { ...announced, host: asked.host } : announced);
    const owner = owners.get(formatAddress(address)) ?? { address, ranges: [] };
    owner.ranges.push([first, last]);
    owners.set(formatAddress(address), owner);
  }
  return [...owners.values()];
}

/** Slots that ranges hold. */
export function countSlots({ ranges }: Owner): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
