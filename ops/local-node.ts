import { join } from "node:path";
import { redisProcessSchema } from "../contract/nodes.ts";
import { type Node, nodeIn } from "./node.ts";
import { fromProject } from "./project-folder.ts";

/** A node of this machine: checks the inputs, and finds the node's folder from the project's. */
export function nodeOf(inputs: Record<string, unknown>, olds: Record<string, unknown> = {}): Node {
  const { directory } = redisProcessSchema.pick({ directory: true }).parse(inputs);
  const folder = fromProject(directory);
  return nodeIn(folder, inputs, olds, join(folder, inputs.kind === "sentinel" ? "sentinel.log" : "redis.log"));
}
