import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { OperationContext, OperationHandler, OperationResult } from "../contract/operation.ts";
import { ensure, look } from "./converge.ts";
import { nodeOf } from "./local-node.ts";
import { LocalNodeHost } from "./local-node-host.ts";
import { withLock } from "./lock.ts";
import type { Node } from "./node.ts";
import { makeOwnFolder } from "./own-folder.ts";
import { installedVersion } from "./redis-binary.ts";
import { forVersion } from "./redis-version.ts";
import { endServer } from "./stop.ts";

/**
 * One redis-server or redis-sentinel process of this machine, in a folder of its own. It is detached and outlives the
 * tool. `create` and `update` are the same: look at what runs, then make it what is asked for.
 */
export const redisProcess: OperationHandler = async (request, context) => {
  if (request.action === "check") return {};
  const node = nodeOf(request.inputs, request.olds);
  if (request.action === "read") return read(node, context);
  if (request.action === "delete") return remove(node, context);
  makeOwnFolder(node.folder);
  return withLock(lockOf(node), node.name, context.signal, async () => {
    const host = new LocalNodeHost(await forVersion(node, () => installedVersion(node.kind)));
    return ensure(host, context);
  });
};

async function read(node: Node, context: OperationContext): Promise<OperationResult> {
  const host = new LocalNodeHost(node);
  const found = await host.known();
  return found ? look(host, found, context) : { id: "" };
}

async function remove(node: Node, context: OperationContext): Promise<OperationResult> {
  const host = new LocalNodeHost(node);
  if (!existsSync(node.folder) && !(await host.known())) return {};
  return withLock(lockOf(node), node.name, context.signal, async () => {
    const found = await host.known();
    if (found) await endServer(node, found);
    rmSync(node.folder, { recursive: true, force: true, maxRetries: 3 });
    return {};
  });
}

function lockOf(node: Node): string {
  return join(node.folder, "operation.lock");
}
