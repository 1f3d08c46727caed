import { posix } from "node:path";
import type * as z from "zod";
import { type DirectiveValue, serverSchema, withDirectives } from "../contract/nodes.ts";
import { type Login, loginOf } from "./connect.ts";

/** A server, wherever it runs: what is asked for, and where its files are, as the server itself sees them. */
export interface Node extends z.infer<typeof serverSchema> {
  /** The login before this one: a server that runs may not know the new one yet. */
  readonly previous?: Login | undefined;
  /** The node's own folder, absolute. */
  readonly folder: string;
  /** What the server is started with: redis.conf or sentinel.conf in that folder. */
  readonly configFile: string;
  /** Empty: what it says goes to stdout. */
  readonly logFile: string;
}

/** Checks the inputs of a server whose files are in this folder. `olds`: the inputs before, if any. */
export function nodeIn(
  folder: string,
  inputs: Record<string, unknown>,
  olds: Record<string, unknown>,
  logFile: string,
): Node {
  const plain = serverSchema.parse(withDirectives(inputs));
  const before = serverSchema.safeParse(withDirectives(olds)).data;
  return {
    ...plain,
    ...(before && { previous: loginOf(before) }),
    folder,
    configFile: posix.join(folder, configName(plain.kind)),
    logFile,
  };
}

/** Name of what a server of this kind is started with. */
export function configName(kind: Node["kind"]): string {
  return kind === "sentinel" ? "sentinel.conf" : "redis.conf";
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
