import { join } from "node:path";
import type * as z from "zod";
import type { DirectiveValue } from "../contract/nodes.ts";
import { redisProcessSchema, withDirectives } from "../contract/nodes.ts";
import { type Login, loginOf } from "./connect.ts";
import { fromProject } from "./project-folder.ts";

/** A node of this machine: the operation's inputs, and where its files are. */
export interface Node extends z.infer<typeof redisProcessSchema> {
  /** The login before this one: a server that runs may not know the new one yet. */
  readonly previous?: Login;
  /** The node's own folder, absolute. */
  readonly folder: string;
  /** What the server is started with: redis.conf or sentinel.conf in that folder. */
  readonly configFile: string;
  readonly logFile: string;
}

/** Checks the inputs and finds the node's folder from the project's. `olds`: the inputs before, if any. */
export function nodeOf(inputs: Record<string, unknown>, olds: Record<string, unknown> = {}): Node {
  const plain = redisProcessSchema.parse(withDirectives(inputs));
  const before = redisProcessSchema.safeParse(withDirectives(olds)).data;
  const folder = fromProject(plain.directory);
  return {
    ...plain,
    ...(before && { previous: loginOf(before) }),
    folder,
    configFile: join(folder, plain.kind === "sentinel" ? "sentinel.conf" : "redis.conf"),
    logFile: join(folder, plain.kind === "sentinel" ? "sentinel.log" : "redis.log"),
  };
}

/** A directive's values, by its name in any case; undefined when it is not set. */
export function valuesOf(node: Node, name: string): readonly string[] | undefined {
  const key = Object.keys(node.directives).find((one) => one.toLowerCase() === name);
  const value: DirectiveValue | undefined = key === undefined ? undefined : node.directives[key];
  return value === undefined || typeof value !== "string" ? value : [value];
}

/** Whether a restart keeps the data. Redis takes snapshots unless `save` is set to nothing. */
export function isPersistent(node: Node): boolean {
  const save = valuesOf(node, "save");
  const snapshots = save === undefined || save.some((one) => one.trim() !== "");
  return snapshots || valuesOf(node, "appendonly")?.[0]?.toLowerCase() === "yes";
}

/** Whether the node is part of a Redis Cluster. */
export function isClusterNode(node: Node): boolean {
  return valuesOf(node, "cluster-enabled")?.[0]?.toLowerCase() === "yes";
}
