import { type OperationContext, OperationFailure, type OperationResult } from "../contract/operation.ts";
import type { Answer } from "./answer.ts";
import { appliedFile, readApplied, unsure, wanted, writeApplied } from "./applied.ts";
import { dataIdFile, dataIdOf, newDataId } from "./data-id.ts";
import { compare } from "./live.ts";
import { configName, isPersistent } from "./node.ts";
import { certificateContents, includedFiles, lastReplicaOf, type NodeFile, nodeFiles } from "./node-files.ts";
import type { Instance, NodeHost } from "./node-host.ts";
import { watchOf } from "./sentinel-watch.ts";
import { StillMissing } from "./wait.ts";

/**
 * Makes a node what is asked for, whatever is there: started where nothing runs, changed live where it can be, else
 * restarted in its turn. The same for a process of this machine and for a container.
 */
export async function ensure<Found extends Instance>(
  host: NodeHost<Found>,
  context: OperationContext,
): Promise<OperationResult> {
  try {
    const found = await host.find(context);
    if (!found) return await startAgain(host, context);
    return await converge(host, found, context);
  } catch (error) {
    const running = await host.running().catch(() => undefined);
    if (!running) throw error;
    // It runs, but not as it was asked to: it exists, and the next `up` goes on from here.
    const outputs = { ...running.outputs, drift: "the last update failed" };
    throw new OperationFailure((error as Error).message, host.node.name, outputs);
  }
}

/** What there is of a node, for `read`. */
export async function look<Found extends Instance>(
  host: NodeHost<Found>,
  found: Found,
  context: OperationContext,
): Promise<OperationResult> {
  try {
    return await outputsOf(host, await host.answering(found, context, 2000), false);
  } catch (error) {
    if (!(error instanceof StillMissing)) return { id: "" };
    return { id: host.node.name, outputs: { ...found.outputs, drift: `not answering: ${error.missing}` } };
  }
}

/** Starts a server of which none runs: the first time, or in another container. */
async function startAgain<Found extends Instance>(
  host: NodeHost<Found>,
  context: OperationContext,
): Promise<OperationResult> {
  const config = await host.readFile(configName(host.node.kind));
  // The first time there is no topology yet, and no data.
  const first = config === undefined ? newDataId() : undefined;
  const running = await start(host, config, context, first === undefined ? [] : [dataIdFile(first)]);
  if (first === undefined && host.oneByOne) await host.ask("rejoined", {}, context);
  return outputsOf(host, running, true, first);
}

/** Starts the server from newly written files, by what the main one of them was. */
async function start<Found extends Instance>(
  host: NodeHost<Found>,
  config: string | undefined,
  context: OperationContext,
  more: readonly NodeFile[] = [],
): Promise<Found & Answer> {
  const replicaOf = await startingRole(host, config, context);
  const state = { config, replicaOf, version: await host.version() };
  const files = [...nodeFiles(host.node, state), ...host.moreFiles(), ...more];
  return host.start([...files, appliedFile(wanted(host.node))], context);
}

/** Nobody is asked where there is nobody to ask. */
async function startingRole(host: NodeHost, config: string | undefined, context: OperationContext) {
  const { node } = host;
  if (!watchOf(node)) return undefined;
  const past = {
    started: config !== undefined,
    replicaOf: lastReplicaOf(config),
    keepsData: isPersistent(node) && (await host.hasData()),
  };
  return (await host.ask("starting-role", past, context)).replicaOf;
}

/** Makes a running server what is asked for: live where it can be, else by a restart. */
async function converge<Found extends Instance>(
  host: NodeHost<Found>,
  found: Found,
  context: OperationContext,
): Promise<OperationResult> {
  const applied = await readApplied(host);
  const target = wanted(host.node);
  const { changes, removed } = compare(applied ?? {}, target);
  if (changes.length === 0 && removed.length === 0) {
    // They are not the server's own: a change of them restarts nothing.
    await host.writeFiles(host.moreFiles());
    return outputsOf(host, await host.answering(found, context), false);
  }
  let restart: readonly string[] = [...changes, ...removed];
  // With TLS on one side only nobody is understood, and it takes a restart anyway.
  if (applied && !changes.includes("address") && !changes.includes("tls")) {
    if (changes.includes("certificate")) await host.writeFiles(certificateContents(host.node));
    // Of what was set before one of them failed, nobody would know.
    await writeApplied(host, unsure(applied, changes));
    const outcome = await host.ask("change-live", { changes, removed }, context);
    restart = outcome.restart;
    const now = { ...applied };
    for (const key of outcome.live) now[key] = target[key] as string;
    if (restart.length === 0) await writeRunning(host);
    await writeApplied(host, now);
  }
  if (restart.length === 0) return outputsOf(host, await host.answering(found, context), false);
  return outputsOf(host, await restartFor(host, found, restart, context), true);
}

/** The files of a server that runs, so that whoever restarts it does so with what was changed live. */
async function writeRunning(host: NodeHost): Promise<void> {
  const { node } = host;
  const version = await host.version();
  if (node.kind === "sentinel") {
    await host.writeFiles([...includedFiles(node, version), ...host.moreFiles()]);
    return;
  }
  const config = await host.readFile(configName(node.kind));
  await host.writeFiles([
    ...nodeFiles(node, { config, replicaOf: lastReplicaOf(config), version }),
    ...host.moreFiles(),
  ]);
}

/** Restarts the server. The nodes of one topology do so one after the other, each when the one before is back. */
async function restartFor<Found extends Instance>(
  host: NodeHost<Found>,
  found: Found,
  reasons: readonly string[],
  context: OperationContext,
): Promise<Found & Answer> {
  const names = reasons.map((reason) => reason.replace(/^secret /, ""));
  const announce = () => context.progress(`restarting for ${names.join(", ")}`);
  // With TLS on one side only, nodes cannot hear each other: they change together, and form again afterwards.
  if (reasons.includes("tls")) {
    announce();
    await host.stop(found, context);
    return startAnew(host, context);
  }
  return host.inTurn(context, async () => {
    announce();
    await host.ask("hand-over", {}, context);
    await host.stop(found, context);
    const running = await startAnew(host, context);
    await host.ask("rejoined", {}, context);
    return running;
  });
}

async function startAnew<Found extends Instance>(host: NodeHost<Found>, context: OperationContext) {
  return start(host, await host.readFile(configName(host.node.kind)), context);
}

/** @param first the id of the data, where the server was started for the first time */
async function outputsOf<Found extends Instance>(
  host: NodeHost<Found>,
  server: Found & Answer,
  started: boolean,
  first?: string,
): Promise<OperationResult> {
  const restarted = (await host.restartedMeanwhile(server, started)) || started;
  const dataId = first ?? (await dataIdOf(host, restarted && server.emptyPrimary));
  return { id: host.node.name, outputs: { ...server.outputs, dataId, version: server.version } };
}
