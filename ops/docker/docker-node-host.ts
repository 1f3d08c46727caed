import { posix } from "node:path";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { DockerRunner, Owner } from "../../contract/docker.ts";
import type { OperationContext } from "../../contract/operation.ts";
import type { Answer } from "../answer.ts";
import { type Node, valuesOf } from "../node.ts";
import type { NodeFile } from "../node-files.ts";
import type { Instance, NodeHost } from "../node-host.ts";
import { stepRequest } from "../redis-node.ts";
import { runnerOf } from "../runner/runner.ts";
import type { Step, StepInputs, StepOutputs } from "../steps.ts";
import { explained, inspect, instanceOf, isRunning, kill, stopGracefully } from "./containers.ts";
import { getFile, hasFile, putFiles } from "./files.ts";
import { healthFiles } from "./health.ts";
import { startAskedFile, startFiles } from "./start-script.ts";

/** A container that runs. */
export interface DockerInstance extends Instance {
  readonly instance: string;
}

/** What is to be known of a container besides its node. */
export interface DockerNodeInputs {
  readonly container: Container;
  /** As it was just found. */
  readonly info: ContainerInspectInfo;
  readonly owner: Owner;
  /** Where its volume is mounted. */
  readonly mount: string;
  readonly version: string;
  readonly runner: DockerRunner;
  readonly health: { readonly username: string; readonly password: string };
  /** Milliseconds after which the others count the server as gone; absent: none would take over from it. */
  readonly detectionMs?: number | undefined;
  readonly deadlineMs: number;
}

/** Milliseconds in which one that the engine started again must not have ended again. */
const settledMs = 2000;

/** The start that was last looked at, in the node's folder. */
const seenName = "instance";

/** A node in a container that Pulumi made, over a volume of its own. */
export class DockerNodeHost implements NodeHost<DockerInstance> {
  readonly node: Node;
  readonly oneByOne = true;
  readonly #inputs: DockerNodeInputs;

  constructor(node: Node, inputs: DockerNodeInputs) {
    this.node = node;
    this.#inputs = inputs;
  }

  /** One that the engine starts again and again, or that was paused, is not fit to go on with. */
  async find(context: OperationContext): Promise<DockerInstance | undefined> {
    const { container, info } = this.#inputs;
    if (info.State.Paused) await container.unpause();
    const found = asInstance(info);
    if (info.RestartCount === 0) return found;
    if (found) {
      await this.answering(found, context, settledMs).catch(() => {}); // it may take longer to load its data
      if ((await this.running())?.instance === found.instance) return found;
    }
    await this.#end();
    return undefined;
  }

  async running(): Promise<DockerInstance | undefined> {
    const info = await inspect(this.#inputs.container);
    return info && asInstance(info);
  }

  async start(files: readonly NodeFile[], context: OperationContext): Promise<DockerInstance & Answer> {
    const { container } = this.#inputs;
    await this.writeFiles([...files, startAskedFile]);
    await container.start();
    const found = await this.running();
    try {
      if (!found) throw new Error(`${this.node.name}: the server ended`);
      return await this.answering(found, context);
    } catch (error) {
      const reason = await explained(container, error);
      await this.#end();
      throw new Error(reason);
    }
  }

  async answering(
    found: DockerInstance,
    context: OperationContext,
    limitMs?: number,
  ): Promise<DockerInstance & Answer> {
    const ended = new AbortController();
    const watching = setInterval(() => {
      this.running()
        .then((now) => {
          if (now?.instance !== found.instance) ended.abort(new Error("the server ended"));
        })
        .catch(() => {}); // the engine is busy: the next look tells
    }, 250);
    try {
      const signal = AbortSignal.any([context.signal, ended.signal]);
      return { ...(await this.ask("answering", { limitMs }, { ...context, signal })), ...found };
    } finally {
      clearInterval(watching);
    }
  }

  stop(_found: DockerInstance, { signal }: OperationContext): Promise<void> {
    return stopGracefully(this.#inputs.container, `stopping ${this.node.name}`, signal);
  }

  readFile(name: string): Promise<string | undefined> {
    return getFile(this.#inputs.container, posix.join(this.node.folder, name));
  }

  writeFiles(files: readonly NodeFile[]): Promise<void> {
    const { container, owner, mount } = this.#inputs;
    return putFiles(container, this.node.folder, files, owner, mount);
  }

  async hasData(): Promise<boolean> {
    const named = (directive: string, usual: string) => valuesOf(this.node, directive)?.[0] ?? usual;
    const names = [
      named("dbfilename", "dump.rdb"),
      named("appenddirname", "appendonlydir"),
      named("appendfilename", "appendonly.aof"),
    ];
    const { container } = this.#inputs;
    const found = await Promise.all(names.map((name) => hasFile(container, posix.join(this.node.folder, name))));
    return found.includes(true);
  }

  moreFiles(): readonly NodeFile[] {
    const { health, detectionMs } = this.#inputs;
    return [...healthFiles(this.node, health), ...startFiles(this.node, detectionMs, health)];
  }

  /** The engine restarts containers by itself, and so does whoever may use it. */
  async restartedMeanwhile({ instance }: DockerInstance, known?: boolean): Promise<boolean> {
    const seen = known ? undefined : (await this.readFile(seenName))?.trim();
    if (seen === instance) return false;
    await this.writeFiles([{ name: seenName, content: `${instance}\n` }]);
    return true;
  }

  async version(): Promise<string> {
    return this.#inputs.version;
  }

  async ask<S extends Step>(step: S, inputs: StepInputs[S], context: OperationContext): Promise<StepOutputs[S]> {
    const { runner, deadlineMs } = this.#inputs;
    const where = await runnerOf(runner, [this.node]);
    const request = { action: "update" as const, inputs: stepRequest(step, this.node, inputs), deadlineMs };
    return (await where.run("redis-node", request, context)).outputs as unknown as StepOutputs[S];
  }

  /** Pulumi makes the changes one after the other. */
  inTurn<T>(_context: OperationContext, work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** Ends the server at once: its data is not wanted any more. */
  kill(): Promise<void> {
    return kill(this.#inputs.container);
  }

  /** So that the engine does not start it again either. */
  async #end(): Promise<void> {
    await kill(this.#inputs.container);
    await this.#inputs.container.stop({ t: 0 }).catch(() => {}); // it has ended
  }
}

function asInstance(info: ContainerInspectInfo): DockerInstance | undefined {
  if (!isRunning(info)) return undefined;
  const instance = instanceOf(info);
  return { instance, outputs: { instance } };
}
