import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OperationContext } from "../contract/operation.ts";
import type { Answer } from "./answer.ts";
import { findByAddress, findProcess } from "./find-process.ts";
import { withLock } from "./lock.ts";
import type { Node } from "./node.ts";
import type { NodeFile } from "./node-files.ts";
import type { Instance, NodeHost } from "./node-host.ts";
import { instanceOf, type ProcessIdentity, workingFolderOf, writeAtomically } from "./process-record.ts";
import { installedVersion } from "./redis-binary.ts";
import { startServer, waitUntilAnswering } from "./start.ts";
import { doStep, type Step, type StepInputs, type StepOutputs } from "./steps.ts";
import { endServer, stopServer } from "./stop.ts";

/** A server's process. */
export type LocalInstance = ProcessIdentity & Instance;

/** A node as a process of this machine, in a folder of its own. */
export class LocalNodeHost implements NodeHost<LocalInstance> {
  readonly node: Node;
  readonly oneByOne = false;

  constructor(node: Node) {
    this.node = node;
  }

  /** One whose folder was removed under it has lost its data, and is ended. */
  async find(): Promise<LocalInstance | undefined> {
    const found = await this.known();
    const worksIn = found && workingFolderOf(found.pid);
    if (!found || worksIn === undefined || worksIn === realpathSync(this.node.folder)) return found;
    await endServer(this.node, found);
    return undefined;
  }

  async running(): Promise<LocalInstance | undefined> {
    return asInstance(findProcess(this.node.folder));
  }

  /** The node's process, also one that no file names. */
  async known(): Promise<LocalInstance | undefined> {
    return asInstance(findProcess(this.node.folder) ?? (await findByAddress(this.node)));
  }

  async start(files: readonly NodeFile[], context: OperationContext): Promise<LocalInstance & Answer> {
    await this.writeFiles(files);
    const { identity, answer } = await startServer(this.node, context);
    return { ...answer, ...instance(identity) };
  }

  async answering(
    found: LocalInstance,
    { signal }: OperationContext,
    limitMs?: number,
  ): Promise<LocalInstance & Answer> {
    return { ...(await waitUntilAnswering(this.node, found, signal, limitMs)), ...found };
  }

  stop(found: LocalInstance, { signal }: OperationContext): Promise<void> {
    return stopServer(this.node, found, signal);
  }

  async readFile(name: string): Promise<string | undefined> {
    try {
      return readFileSync(join(this.node.folder, name), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async writeFiles(files: readonly NodeFile[]): Promise<void> {
    for (const { name, content } of files) writeAtomically(join(this.node.folder, name), content);
  }

  async hasData(): Promise<boolean> {
    const { folder } = this.node;
    try {
      if (readdirSync(folder).some((name) => name.endsWith(".rdb"))) return true;
      return readdirSync(join(folder, "appendonlydir")).length > 0;
    } catch {
      return false; // no folder, or no append-only file in it
    }
  }

  moreFiles(): readonly NodeFile[] {
    return [];
  }

  /** Nobody restarts a process. */
  async restartedMeanwhile(): Promise<boolean> {
    return false;
  }

  version(): Promise<string | undefined> {
    return installedVersion(this.node.kind);
  }

  ask<S extends Step>(step: S, inputs: StepInputs[S], context: OperationContext): Promise<StepOutputs[S]> {
    return doStep(step, this.node, inputs, context);
  }

  inTurn<T>({ signal }: OperationContext, work: () => Promise<T>): Promise<T> {
    return withLock(join(dirname(this.node.folder), "restart.lock"), this.node.name, signal, work);
  }
}

function asInstance(identity: ProcessIdentity | undefined): LocalInstance | undefined {
  return identity && instance(identity);
}

function instance({ pid, started }: ProcessIdentity): LocalInstance {
  return { pid, started, outputs: { pid, started, instance: instanceOf({ pid, started }) } };
}
