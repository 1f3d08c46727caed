import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type OperationContext,
  OperationFailure,
  type OperationHandler,
  type OperationResult,
} from "../contract/operation.ts";
import { readApplied, wanted, writeApplied } from "./applied.ts";
import { connect, loginOf } from "./connect.ts";
import { dataIdOf } from "./data-id.ts";
import { findByAddress, findProcess } from "./find-process.ts";
import { handOver } from "./hand-over.ts";
import { changeLive, compare } from "./live.ts";
import { withLock } from "./lock.ts";
import { type Node, nodeOf } from "./node.ts";
import { lastReplicaOf, makeFolder, removeFolder, writeFiles } from "./node-files.ts";
import { instanceOf, type ProcessIdentity, workingFolderOf } from "./process-record.ts";
import { forInstalledVersion } from "./redis-version.ts";
import { waitUntilRejoined } from "./rejoin.ts";
import { type RunningServer, startServer, waitUntilAnswering } from "./start.ts";
import { startingRole } from "./starting-role.ts";
import { endServer, stopServer } from "./stop.ts";
import { StillMissing } from "./wait.ts";

/**
 * One redis-server or redis-sentinel process of this machine, in a folder of its own. It is detached and outlives the
 * tool. `create` and `update` are the same: look at what runs, then make it what is asked for.
 */
export const redisProcess: OperationHandler = async (request, context) => {
  if (request.action === "check") return {};
  const node = nodeOf(request.inputs, request.olds);
  if (request.action === "read") return read(node, context);
  if (request.action === "delete") return remove(node, context);
  return ensure(await forInstalledVersion(node), context);
};

async function ensure(node: Node, context: OperationContext): Promise<OperationResult> {
  makeFolder(node);
  return withLock(lockOf(node), node.name, context.signal, async () => {
    try {
      const found = await find(node);
      if (!found) return await outputsOf(node, await start(node, context), true);
      return await converge(node, found, context);
    } catch (error) {
      const running = findProcess(node.folder);
      if (!running) throw error;
      // It runs, but not as it was asked to: it exists, and the next `up` goes on from here.
      const outputs = { ...identityOf(running), drift: "the last update failed" };
      throw new OperationFailure((error as Error).message, node.name, outputs);
    }
  });
}

/** The node's server, if one runs. One whose folder was removed under it has lost its data, and is ended. */
async function find(node: Node): Promise<ProcessIdentity | undefined> {
  const found = findProcess(node.folder) ?? (await findByAddress(node));
  const worksIn = found && workingFolderOf(found.pid);
  if (!found || worksIn === undefined || worksIn === realpathSync(node.folder)) return found;
  await endServer(node, found);
  return undefined;
}

/** Starts the server from newly written files. */
async function start(node: Node, context: OperationContext): Promise<RunningServer> {
  await writeFiles(node, await startingRole(node, context));
  writeApplied(node);
  return startServer(node, context);
}

/** Makes a running server what is asked for: live where it can be, else by a restart. */
async function converge(node: Node, found: ProcessIdentity, context: OperationContext): Promise<OperationResult> {
  const applied = readApplied(node);
  const { changes, removed } = compare(applied ?? {}, wanted(node));
  if (changes.length === 0 && removed.length === 0) {
    return outputsOf(node, await waitUntilAnswering(node, found, context.signal), false);
  }
  let restart: readonly string[] = [...changes, ...removed];
  // With TLS on one side only nobody is understood, and it takes a restart anyway.
  if (applied && !changes.includes("address") && !changes.includes("tls")) {
    const connection = await connect(node, loginOf(node));
    const now = { ...applied };
    try {
      const target = wanted(node);
      const outcome = await changeLive(node, connection, changes, removed, context.progress);
      for (const key of outcome.live) now[key] = target[key] as string;
      restart = outcome.restart;
    } finally {
      connection.close();
      writeApplied(node, now);
    }
  }
  if (restart.length === 0) {
    if (node.kind === "redis") await writeFiles(node, lastReplicaOf(node));
    return outputsOf(node, await waitUntilAnswering(node, found, context.signal), false);
  }
  return outputsOf(node, await restartFor(node, found, restart, context), true);
}

/** Restarts the server. The nodes of one topology do so one after the other, each when the one before is back. */
function restartFor(
  node: Node,
  found: ProcessIdentity,
  reasons: readonly string[],
  context: OperationContext,
): Promise<RunningServer> {
  const names = reasons.map((reason) => reason.replace(/^secret /, ""));
  const announce = () => context.progress(`restarting for ${names.join(", ")}`);
  // With TLS on one side only, nodes cannot hear each other: they change together, and form again afterwards.
  if (reasons.includes("tls")) {
    announce();
    return stopServer(node, found, context.signal).then(() => start(node, context));
  }
  return withLock(join(dirname(node.folder), "restart.lock"), node.name, context.signal, async () => {
    announce();
    await handOver(node, context);
    await stopServer(node, found, context.signal);
    const running = await start(node, context);
    await waitUntilRejoined(node, context.signal);
    return running;
  });
}

async function read(node: Node, context: OperationContext): Promise<OperationResult> {
  const found = findProcess(node.folder) ?? (await findByAddress(node));
  if (!found) return { id: "" };
  try {
    return await outputsOf(node, await waitUntilAnswering(node, found, context.signal, 2000), false);
  } catch (error) {
    if (!(error instanceof StillMissing)) return { id: "" };
    return { id: node.name, outputs: { ...identityOf(found), drift: `not answering: ${error.missing}` } };
  }
}

async function remove(node: Node, context: OperationContext): Promise<OperationResult> {
  if (!existsSync(node.folder) && !(await findByAddress(node))) return {};
  return withLock(lockOf(node), node.name, context.signal, async () => {
    const found = findProcess(node.folder) ?? (await findByAddress(node));
    if (found) await endServer(node, found);
    removeFolder(node);
    return {};
  });
}

async function outputsOf(node: Node, server: RunningServer, started: boolean): Promise<OperationResult> {
  const dataId = await dataIdOf(node, started);
  return { id: node.name, outputs: { ...identityOf(server), dataId, version: server.version } };
}

function identityOf(identity: ProcessIdentity): Record<string, unknown> {
  return { pid: identity.pid, started: identity.started, instance: instanceOf(identity) };
}

function lockOf(node: Node): string {
  return join(node.folder, "operation.lock");
}
