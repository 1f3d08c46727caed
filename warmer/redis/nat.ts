import type { Address } from "../../contract/address.ts";
import { formatAddress } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";

/** Where this client reaches what a server or a sentinel calls by this address. */
export function reachedAt(endpoint: Endpoint, address: Address): Address {
  const natMap = "natMap" in endpoint ? endpoint.natMap : undefined;
  // Redis writes IPv6 addresses without brackets.
  return natMap?.[formatAddress(address)] ?? natMap?.[`${address.host}:${address.port}`] ?? address;
}
