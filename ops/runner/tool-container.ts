import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import type { Container } from "dockerode";
import type { DockerRunner } from "../../contract/docker.ts";
import type { OperationContext, OperationResult } from "../../contract/operation.ts";
import { engineOf } from "../docker/engine.ts";
import { putFiles } from "../docker/files.ts";
import { containerOptions, runnerFolder, runnerLabel, runnerOwner } from "./container-options.ts";
import { Conversation } from "./conversation.ts";
import { ensureImage } from "./image.ts";
import type { NetworkOperation, Runner, RunnerRequest } from "./on-network.ts";
import { toolFiles } from "./tool-files.ts";
import { RunnerUnavailable } from "./unavailable.ts";

/** Milliseconds for which a container without work is kept: the next operation of an update comes soon. */
const keptMs = 10_000;
/** Seconds after which a container that was made and not started belongs to somebody who is gone. */
const leftoverSeconds = 60;

interface Running {
  readonly container: Container;
  readonly conversation: Conversation;
}

/** The tool in a one-off container on a network: started when it is first asked, one for all requests. */
export class ToolContainer implements Runner {
  readonly where = "container";
  readonly #inputs: DockerRunner;
  #running: Promise<Running> | undefined;
  #active = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(inputs: DockerRunner) {
    this.#inputs = inputs;
  }

  async run(operation: NetworkOperation, request: RunnerRequest, context: OperationContext): Promise<OperationResult> {
    this.#active += 1;
    clearTimeout(this.#idle);
    try {
      this.#running ??= this.#start(context);
      const { conversation } = await this.#running;
      // There, the nodes are reached; and who runs the containers is none of its business.
      const { runner: _, docker: __, ...inputs } = request.inputs;
      const { id = "", olds = {}, action, deadlineMs } = request;
      return await conversation.ask({ operation, action, id, inputs, olds, deadlineMs }, context);
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#idle = setTimeout(() => void this.release().catch(() => {}), keptMs).unref();
    }
  }

  /** Ends the container, unless it is at work. Resolves when it is gone. */
  async release(): Promise<void> {
    const running = this.#running;
    if (running === undefined || this.#active > 0) return;
    clearTimeout(this.#idle);
    this.#running = undefined;
    const { container } = await running;
    await remove(container);
  }

  async #start(context: OperationContext): Promise<Running> {
    const { network, docker: engine, image, mode } = this.#inputs;
    try {
      const docker = await engineOf(engine);
      await ensureImage(docker, image, context);
      await removeLeftovers(docker, network);
      const container = await docker.createContainer(containerOptions(this.#inputs));
      return await this.#open(container).catch(async (error) => {
        await remove(container);
        throw error;
      });
    } catch (error) {
      this.#running = undefined;
      const tried = mode === "auto" ? "the nodes cannot be reached from here, and" : "runner: container:";
      const reason = withAdvice((error as Error).message, this.#inputs);
      throw new RunnerUnavailable(`${tried} no container could be started on the network ${network}: ${reason}`);
    }
  }

  async #open(container: Container): Promise<Running> {
    await putFiles(container, runnerFolder, toolFiles(), runnerOwner);
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    container.modem.demuxStream(stream, stdout, stderr);
    let complaint = "";
    stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    const conversation = new Conversation(stream, stdout);
    const ended = container.wait({ condition: "next-exit" }).catch(() => undefined);
    const end = async (error?: Error) => {
      this.#running = undefined;
      const code: number | undefined = (await ended)?.StatusCode;
      conversation.fail(new Error(whyEnded(code, complaint || (error?.message ?? ""), this.#inputs)));
    };
    stream.once("error", end);
    stream.once("end", end);
    await container.start();
    return { container, conversation };
  }
}

/** 137: ended by SIGKILL, which is also what the kernel does at the memory limit. */
function whyEnded(code: number | undefined, complaint: string, { network, image }: DockerRunner): string {
  const how = code === undefined ? "is gone" : code === 137 ? "was killed, or ran out of memory" : `ended (${code})`;
  const said = complaint.trim() === "" ? "" : `: ${complaint.trim()}`;
  return `the runner's container of ${image} on the network ${network} ${how} before it had answered${said}`;
}

function withAdvice(said: string, { network, image }: DockerRunner): string {
  if (/network .*not found/i.test(said)) return `there is no such network on this engine (${said}); it is ${network}'s`;
  if (/"?node"?: (executable file )?not found/.test(said))
    return `${image} has no node: name an image with Node 20 or later: docker.runnerImage (hearth:runnerImage)`;
  return said;
}

/** Containers of processes that ended between making one and starting it: the engine removes all others by itself. */
async function removeLeftovers(docker: Docker, network: string): Promise<void> {
  const filters = { label: [`${runnerLabel}=${network}`], status: ["created"] };
  const found = await docker.listContainers({ all: true, filters });
  const old = found.filter(({ Created }) => Created < Date.now() / 1000 - leftoverSeconds);
  await Promise.all(old.map(({ Id }) => remove(docker.getContainer(Id))));
}

/** With its volume. Resolves when it is gone, by whomever. */
async function remove(container: Container): Promise<void> {
  const gone = container.wait({ condition: "removed" }).catch(() => {});
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 409)
      await gone; // the engine is at it
    else if (statusCode !== 404) throw error;
  }
}
