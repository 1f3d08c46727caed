import * as z from "zod";
import { addressSchema } from "./address.ts";

/** How a client speaks TLS. Empty: as the machine's own authorities say. */
export const tlsSchema = z.object({
  /** PEM of the authority that signed the servers' certificates. */
  ca: z.string().optional(),
  /** PEM of the client's certificate and key, where the servers ask for one. */
  cert: z.string().optional(),
  key: z.string().optional(),
  /** The name to verify, where it differs from the host. */
  servername: z.string().optional(),
});

const credentials = {
  /** ACL user; Redis's `default` user when absent. */
  username: z.string().optional(),
  password: z.string().optional(),
  tls: tlsSchema.optional(),
};

/**
 * Where servers name each other: announced `host:port` to the address at which this client reaches it. What the endpoint
 * itself lists is where the client reaches it anyway.
 */
const natMapSchema = z.record(z.string(), addressSchema).optional();

const standaloneSchema = z.object({
  topology: z.literal("standalone"),
  nodes: z.array(addressSchema).length(1),
  /** Logical database, 0-15. */
  database: z.number().int().min(0).max(15),
  ...credentials,
});

const sentinelSchema = z.object({
  topology: z.literal("sentinel"),
  /** The name under which the sentinels watch the primary. */
  masterName: z.string().min(1),
  sentinels: z.array(addressSchema).min(1),
  /** The data nodes, for tools that look at each of them. Clients ask the sentinels. */
  nodes: z.array(addressSchema).min(1),
  natMap: natMapSchema,
  sentinelUsername: z.string().optional(),
  sentinelPassword: z.string().optional(),
  database: z.number().int().min(0).max(15),
  ...credentials,
});

const clusterSchema = z.object({
  topology: z.literal("cluster"),
  nodes: z.array(addressSchema).min(1),
  /** A cluster has only database 0. */
  database: z.literal(0),
  natMap: natMapSchema,
  ...credentials,
});

/**
 * All that a client needs to connect: the typed, secret output `endpoint` of every
 * component, and the input of the `hearth` tool (`pulumi stack output endpoint
 * --json --show-secrets | hearth stats --endpoint -`).
 */
export const endpointSchema = z.discriminatedUnion("topology", [standaloneSchema, sentinelSchema, clusterSchema]);

/** How a client speaks TLS. */
export type Tls = z.infer<typeof tlsSchema>;

/** All that a client needs to connect. */
export type Endpoint = z.infer<typeof endpointSchema>;
