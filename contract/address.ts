import * as z from "zod";

/** Where a server listens: a name or an address, and a TCP port. */
export const addressSchema = z.object({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535),
});

/** Where a server listens. */
export type Address = z.infer<typeof addressSchema>;

/** `host:port`, with the brackets that an IPv6 address needs. */
export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether both name the same place. */
export function isSameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}
