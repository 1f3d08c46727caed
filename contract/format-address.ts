import type { Address } from "./address.ts";

/** `host:port`, with the brackets that an IPv6 address needs. */
export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether both name the same place. */
export function isSameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}
