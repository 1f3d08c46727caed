import * as z from "zod";
import { addressSchema } from "./address.ts";
import { tlsSchema } from "./endpoint.ts";
import { runnerSchema } from "./runner.ts";

/** What a node does when the topology is first formed. Roles move later, by failover. */
export const roleSchema = z.enum(["primary", "replica", "sentinel"]);
export type Role = z.infer<typeof roleSchema>;

/** A directive's value; a list where the directive is written once for each (`save`). */
export const directiveValueSchema = z.union([z.string(), z.array(z.string())]);
export type DirectiveValue = z.infer<typeof directiveValueSchema>;

/**
 * Directives by their Redis names, unquoted: what is written into redis.conf or sentinel.conf, in this order. A name may
 * be several words (`sentinel down-after-milliseconds mymaster`). A value holds the directive's arguments, separated by
 * spaces (`900 1`), or is empty (`save ""`); in `secretDirectives` a value is one argument, whatever characters it has.
 */
export const directivesSchema = z.record(z.string(), directiveValueSchema);
export type Directives = z.infer<typeof directivesSchema>;

const operatorLogin = {
  /** The user of the operator's own connections; Redis's `default` user when absent. */
  username: z.string().optional(),
  password: z.string(),
  /** Set where the servers speak TLS only. */
  tls: tlsSchema.optional(),
};

/** Versions of Redis that have something, as `major.minor`: from `since` on, up to and with `until`. */
export const versionRangeSchema = z.object({ since: z.string().optional(), until: z.string().optional() });
export type VersionRange = Readonly<z.infer<typeof versionRangeSchema>>;

/** A directive that an argument asks for, and that not every server has or accepts. */
export const askedDirectiveSchema = versionRangeSchema.extend({
  /** The argument: `extraDirectives.maxmemory-samples`, `activeDefrag`. */
  property: z.string(),
  directive: z.string(),
  value: directiveValueSchema,
});
export type AskedDirective = z.infer<typeof askedDirectiveSchema>;

/** A node as formation and readiness see it: where it is reached, and its place in the topology. */
export const memberSchema = addressSchema.extend({
  /** Name of the node, unique in the topology: `cache-0`, `cache-sentinel-1`. */
  name: z.string(),
  role: roleSchema,
  /** Cluster: the shard, from 0. Elsewhere 0. */
  shard: z.number().int().min(0),
});
export type Member = z.infer<typeof memberSchema>;

/** What the sentinels watch, and when they act. */
export const monitorSchema = z.object({
  masterName: z.string(),
  quorum: z.number().int().min(1),
  /** Where the primary is when the topology is first formed. */
  primary: addressSchema,
});
export type Monitor = z.infer<typeof monitorSchema>;

export const topologyNameSchema = z.enum(["standalone", "sentinel", "cluster"]);

/** Inputs of the operation `local-host`: what this machine must offer before anything is started. */
export const localHostSchema = z.object({
  /** Name of the topology, for progress lines. */
  name: z.string(),
  /** With another one, every process of the one before is ended before the first is started. */
  topology: topologyNameSchema.optional(),
  /** Folder that holds a folder for each node, relative to the folder of Pulumi.yaml; removed by `delete`. */
  directory: z.string(),
  /** Every port that the topology will listen on, with the node that asks for it. */
  ports: z.array(addressSchema.extend({ node: z.string() })),
  /** Directives that the installed redis-server must know, and whose values it must accept. */
  asked: z.array(askedDirectiveSchema).optional(),
  /** Whether the installed redis-server must have been built with TLS. */
  tls: z.boolean().optional(),
});

/** What a server needs to speak TLS. */
export const serverTlsSchema = z.object({
  /** PEM of the authority by which the other nodes' and the clients' certificates are checked. */
  ca: z.string(),
  cert: z.string(),
  key: z.string(),
  /** Whether a client must show a certificate (`tls-auth-clients`). */
  authClients: z.enum(["no", "optional", "yes"]),
});
export type ServerTls = z.infer<typeof serverTlsSchema>;

/** What one redis-server or redis-sentinel is, wherever it runs. */
export const serverSchema = memberSchema.extend({
  /** A node of another topology is another node: its files and its data are not taken over. */
  topology: topologyNameSchema.optional(),
  kind: z.enum(["redis", "sentinel"]),
  directives: directivesSchema,
  /** Of `directives`, those that are only written for some versions of Redis. */
  directiveVersions: z.record(z.string(), versionRangeSchema).optional(),
  /** Directives that hold a secret, written into a file of their own, mode 0600. */
  secretDirectives: directivesSchema,
  /** Lines of the ACL file, without plain passwords (`user app on #<sha256> ~* &* +@all`). */
  acl: z.array(z.string()),
  ...operatorLogin,
  /** PEM of the server's own certificate and key, and of the authority; absent: plain TCP. */
  serverTls: serverTlsSchema.optional(),
  /** Data nodes of a Sentinel topology: whom to follow when the folder is empty, and whom to ask otherwise. */
  monitor: monitorSchema.optional(),
  sentinels: z.array(addressSchema).optional(),
});

/**
 * The inputs of a server as the tool takes them. A resource holds its directives in two parts, `live` and `restart`, by
 * what a changed value does to a server that runs: so a preview shows it with the directive. The file has no order. Which
 * of them some versions only are given, it holds by version, `{ "since 7.0": "a b" }`: a preview prints it with each change.
 */
export function withDirectives(inputs: Record<string, unknown>): Record<string, unknown> {
  const { live, restart, versions, ...rest } = inputs;
  if (live === undefined && restart === undefined) return inputs;
  return {
    ...rest,
    directives: { ...(restart as Directives), ...(live as Directives) },
    ...(versions !== undefined && { directiveVersions: byDirective(versions as Record<string, string>) }),
  };
}

function byDirective(versions: Record<string, string>): Record<string, VersionRange> {
  return Object.fromEntries(
    Object.entries(versions).flatMap(([text, names]) => {
      const words = text.split(" ");
      const range = Object.fromEntries([0, 2].slice(0, words.length / 2).map((at) => [words[at], words[at + 1]]));
      return names.split(" ").map((name) => [name, range]);
    }),
  );
}

/** Inputs of the operation `redis-process`: one redis-server or redis-sentinel process of this machine. */
export const redisProcessSchema = serverSchema.extend({
  /** The node's own folder, relative to the folder of Pulumi.yaml; mode 0700. */
  directory: z.string(),
});

/** Inputs of the operations `formation` and `readiness`. */
export const topologySchema = z.object({
  topology: topologyNameSchema,
  members: z.array(memberSchema),
  ...operatorLogin,
  monitor: monitorSchema.optional(),
  /** Set where the nodes are containers, which may not be reached from here. */
  runner: runnerSchema.optional(),
});
