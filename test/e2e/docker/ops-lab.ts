import { createHash } from "node:crypto";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { Directives } from "../../../contract/nodes.ts";
import type { OperationHandler, OperationRequest, OperationResult } from "../../../contract/operation.ts";
import { type Connection, connect, type Reply } from "../../../ops/connect.ts";
import { redisContainer } from "../../../ops/docker/redis-container.ts";
import { docker, freeSubnet, images, removeLabelled, testLabels, uniqueName } from "../../support/docker.ts";

/** A password that careless quoting breaks. */
export const password = `pa ss"w'o\\rd#%$ {ü}`;
export const healthPassword = `he "al'th\\ #1`;
/** Where the nodes' volume is mounted; the node's own folder is below it. */
const mount = "/data";
export const folder = `${mount}/node`;
const port = 6379;

export interface ContainerInputs extends Record<string, unknown> {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly container: string;
  readonly containerId: string;
}

/** A network and containers for one test file, as the Docker target makes them; `close` removes them. */
export class DockerLab {
  readonly progress: string[] = [];
  readonly network: string;
  readonly prefix: string;

  private constructor(network: string, prefix: string) {
    this.network = network;
    this.prefix = prefix;
  }

  static async open(): Promise<DockerLab> {
    const network = uniqueName("ops");
    const { subnet, prefix } = await freeSubnet();
    const Labels = { ...testLabels, [network]: "" };
    await docker.createNetwork({ Name: network, IPAM: { Config: [{ Subnet: subnet }] }, Labels });
    return new DockerLab(network, prefix);
  }

  /** Runs an operation as the tool does, within its deadline. */
  async run(
    handler: OperationHandler,
    action: OperationRequest["action"],
    inputs: Record<string, unknown>,
    more: { olds?: Record<string, unknown>; deadlineMs?: number; id?: string } = {},
  ): Promise<OperationResult> {
    const { olds = {}, deadlineMs = 30_000, id = String(inputs.name) } = more;
    const signal = AbortSignal.timeout(deadlineMs);
    const context = { signal, progress: (message: string) => void this.progress.push(message) };
    return handler({ operation: "", action, id, inputs, olds, deadlineMs }, context);
  }

  /** Inputs of a node, in a container that is made and not started. */
  async node(index: number, more: Record<string, unknown> = {}): Promise<ContainerInputs> {
    const name = `node-${index}`;
    const sha = (text: string) => createHash("sha256").update(text).digest("hex");
    const host = `${this.prefix}.${10 + index}`;
    const container = `${this.network}-${index}`;
    const inputs = {
      ...{ name, host, port, kind: "redis", role: "primary", shard: 0, password },
      directives: { bind: `${host} 127.0.0.1`, save: "", appendonly: "no" } satisfies Directives as Directives,
      secretDirectives: { masterauth: password },
      acl: [
        `user default on #${sha(password)} ~* &* +@all`,
        `user exporter on #${sha(healthPassword)} resetchannels -@all +ping +info`,
      ],
      ...{ docker: {}, container, mount, owner: { uid: 999, gid: 999 }, version: "7.0.15" },
      runner: { mode: "here", docker: {}, network: this.network, image: images.node },
      health: { username: "exporter", password: healthPassword },
      ...more,
    };
    return { ...inputs, containerId: await this.make(inputs) };
  }

  /** Makes the container of a node, over the volume that is there, if one is. */
  async make({ container, host, kind }: Record<string, unknown>): Promise<string> {
    const name = String(container);
    const Labels = { ...testLabels, [this.network]: "" };
    await docker.createVolume({ Name: name, Labels });
    const made = await docker.createContainer({
      name,
      Labels,
      Image: images.redis,
      Entrypoint: ["sh", `${folder}/start.sh`],
      Cmd: kind === "sentinel" ? [`${folder}/sentinel.conf`, "--sentinel"] : [`${folder}/redis.conf`],
      User: "999:999",
      Healthcheck: { Test: ["CMD", "sh", `${folder}/health.sh`], Interval: 500_000_000, Timeout: 5_000_000_000 },
      HostConfig: {
        NetworkMode: this.network,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        RestartPolicy: { Name: "unless-stopped" },
        Mounts: [{ Type: "volume", Source: name, Target: mount }],
      },
      NetworkingConfig: { EndpointsConfig: { [this.network]: { IPAMConfig: { IPv4Address: String(host) } } } },
    });
    return made.id;
  }

  container(inputs: ContainerInputs): Container {
    return docker.getContainer(inputs.containerId);
  }

  inspect(inputs: ContainerInputs): Promise<ContainerInspectInfo> {
    return this.container(inputs).inspect();
  }

  /** Removes a node's container and makes another one over its volume, as Pulumi does. */
  async replace<Inputs extends ContainerInputs>(inputs: Inputs): Promise<Inputs> {
    await this.container(inputs).remove({ force: true });
    return { ...inputs, containerId: await this.make(inputs) };
  }

  start(inputs: ContainerInputs): Promise<OperationResult> {
    return this.run(redisContainer, "create", inputs);
  }

  /** What a command in the container says. */
  async exec(inputs: ContainerInputs, ...Cmd: string[]): Promise<string> {
    const exec = await this.container(inputs).exec({ Cmd, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8").replaceAll("\r", "");
  }

  /** One command, on a connection of its own. */
  async ask(inputs: ContainerInputs, command: string, ...args: string[]): Promise<Reply> {
    const connection: Connection = await connect(inputs, { password: String(inputs.password) });
    try {
      return await connection.call(command, ...args);
    } finally {
      connection.close();
    }
  }

  close(): Promise<void> {
    return removeLabelled(this.network);
  }
}
