import { isDeepStrictEqual } from "node:util";
import { containerTurnSchema } from "../../contract/docker.ts";
import { withDirectives } from "../../contract/nodes.ts";
import type { OperationHandler } from "../../contract/operation.ts";
import { nodeIn } from "../node.ts";
import { stepRequest } from "../redis-node.ts";
import { runnerOf } from "../runner/runner.ts";
import { existing, isRunning, stopGracefully } from "./containers.ts";
import { engineOf } from "./engine.ts";

/**
 * Before Pulumi replaces a container: its server hands over to a replica, waits until that is done, and is stopped with
 * its data saved. The next container in the chain is not touched before this one's server is back.
 */
export const containerTurn: OperationHandler = async ({ action, inputs, olds, deadlineMs }, context) => {
  const id = String(inputs.name);
  if (action !== "update") return { id };
  const isReplaced = !isDeepStrictEqual(inputs.definition, olds.definition);
  const getsLess = Number(inputs.memoryLimit) < Number(olds.memoryLimit);
  if (!isReplaced && !getsLess) return { id };
  const turn = containerTurnSchema.parse(withDirectives(inputs));
  const found = await existing(await engineOf(turn.docker), { container: turn.container });
  if (!found || !isRunning(found.info)) return { id };
  // What a server is made from is not of interest for handing over.
  const complete = (some: Record<string, unknown>) => ({ secretDirectives: {}, acl: [], ...some });
  const node = nodeIn("/", complete(inputs), complete(olds), "");
  const runner = await runnerOf(turn.runner, [turn]);
  const run = (asked: Record<string, unknown>) =>
    runner.run("redis-node", { action, inputs: asked, deadlineMs }, context);
  if (isReplaced) {
    context.progress(`making room for another container: ${changesOf(olds.definition, turn.definition)}`);
  } else {
    const less = { maxmemory: String(turn.directives.maxmemory), limit: Number(turn.memoryLimit) };
    if ((await run(stepRequest("shrink", node, less))).outputs?.fits === true) return { id };
    context.progress("restarting, as its memory does not come back otherwise");
  }
  await run(stepRequest("hand-over", node, {}));
  await stopGracefully(found.container, `stopping ${turn.name}`, context.signal);
  return { id };
};

function changesOf(before: unknown, now: Readonly<Record<string, string>>): string {
  const old = (typeof before === "object" && before !== null ? before : {}) as Record<string, unknown>;
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names.filter((name) => old[name] !== now[name]).join(", ");
}
