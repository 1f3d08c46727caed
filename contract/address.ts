import * as z from "zod";

/** Where a server listens: a name or an address, and a TCP port. */
export const addressSchema = z.object({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535),
});

/** Where a server listens. */
export type Address = z.infer<typeof addressSchema>;

export { formatAddress, isSameAddress } from "./format-address.ts";
