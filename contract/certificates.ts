import * as z from "zod";

/** Inputs of the operation `certificates`: whom an authority of the topology's own vouches for. */
export const certificatesSchema = z.object({
  /** Name of the topology: in the authority's name, and in progress lines. */
  name: z.string(),
  /** Every node with the names and addresses by which clients, tools and other nodes reach it. */
  nodes: z.array(z.object({ name: z.string(), hosts: z.array(z.string()).min(1) })),
  /** Days that a server's or the client's certificate is valid. */
  validityDays: z.number().int().min(1),
  /** Days before its end in which a certificate is renewed. */
  renewBeforeDays: z.number().int().min(0),
  /** When it changes, another authority takes the place of this one, over three updates. */
  rotation: z.string(),
});
export type CertificatesInputs = z.infer<typeof certificatesSchema>;

/** A certificate and its private key, PEM. */
export const keyPairSchema = z.object({ cert: z.string(), key: z.string() });
export type KeyPair = z.infer<typeof keyPairSchema>;

/** Outputs of the operation `certificates`. All but `ca` and the times are secret. */
export const issuedSchema = z.object({
  /** PEM of the authority that signs; behind it, while one takes the place of the other, the second one. */
  ca: z.string(),
  caKey: z.string(),
  /** Key of the second authority in `ca`, when that one is to sign from the next update on. */
  nextCaKey: z.string().optional(),
  /** By node. `hosts`: whom the certificate names. */
  servers: z.record(z.string(), keyPairSchema.extend({ hosts: z.array(z.string()) })),
  /** For clients, where the servers ask them for a certificate. */
  client: keyPairSchema,
  /** The `rotation` for which the authority was made. */
  rotated: z.string(),
  /** ISO time at which the first of the certificates ends. */
  expiresAt: z.string(),
  /** ISO time from which on the next update has something to renew. */
  renewAt: z.string(),
});
export type Issued = z.infer<typeof issuedSchema>;
