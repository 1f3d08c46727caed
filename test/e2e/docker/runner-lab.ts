import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Container } from "dockerode";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { Member } from "../../../contract/nodes.ts";
import type { OperationLine } from "../../../contract/operation.ts";
import type { DockerRunner, RunnerMode } from "../../../contract/runner.ts";
import { runnerLabel } from "../../../ops/runner/container-options.ts";
import { docker, freeSubnet, images, testLabels, uniqueName } from "../../support/docker.ts";

export const password = "pa-ss-of-the-nodes";
export const sourcePassword = "pa-ss-of-the-rows";
const port = 6379;

/** Three servers on a network of their own, and PostgreSQL beside them. */
export interface RunnerLab {
  readonly network: string;
  readonly members: readonly Member[];
  readonly endpoint: Endpoint;
  readonly source: { readonly url: string };
  runner(mode: RunnerMode): DockerRunner;
  /** The runners' containers on this network. */
  runners(): Promise<Container[]>;
  close(): Promise<void>;
}

/** @param reachable whether this machine has the network's bridge, as on Linux; without, it is as with Docker Desktop */
export async function startRunnerLab({ reachable }: { reachable: boolean }): Promise<RunnerLab> {
  const network = uniqueName("hearth-runner-test");
  const { subnet, prefix } = await freeSubnet();
  await docker.createNetwork({
    Name: network,
    IPAM: { Config: [{ Subnet: subnet }] },
    Labels: testLabels,
    ...(!reachable && { Options: { "com.docker.network.bridge.inhibit_ipv4": "true" } }),
  });
  const containers: Container[] = [];
  const start = async (
    image: string,
    last: number,
    command: readonly string[],
    environment: readonly string[] = [],
  ) => {
    const container = await docker.createContainer({
      name: `${network}-${last}`,
      Image: image,
      Cmd: [...command],
      Env: [...environment],
      Labels: testLabels,
      HostConfig: { NetworkMode: network },
      NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: `${prefix}.${last}` } } } },
    });
    containers.push(container);
    await container.start();
  };
  const directives = ["--cluster-enabled", "yes", "--requirepass", password, "--masterauth", password, "--save", ""];
  for (const last of [10, 11, 12]) await start(images.redis, last, ["redis-server", ...directives]);
  await start(images.postgres, 20, ["postgres"], [`POSTGRES_PASSWORD=${sourcePassword}`]);
  const members = [0, 1, 2].map((shard): Member => {
    return { name: `node-${shard}`, host: `${prefix}.${10 + shard}`, port, role: "primary", shard };
  });
  const nodes = members.map(({ host }) => ({ host, port }));
  return {
    network,
    members,
    endpoint: { topology: "cluster", nodes, database: 0, password },
    source: { url: `postgresql://postgres:${sourcePassword}@${prefix}.20:5432/postgres` },
    runner: (mode) => ({ mode, docker: {}, network, image: images.node }),
    async runners() {
      const filters = { label: [`${runnerLabel}=${network}`] };
      return (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id));
    },
    async close() {
      for (const container of containers) await container.remove({ force: true, v: true });
      await docker.getNetwork(network).remove();
    },
  };
}

/** The bundled tool, asked as the provider asks it. */
export function askTool(request: Record<string, unknown>) {
  const child = spawn(process.execPath, [resolve("dist/hearth.cjs"), "operation"], { stdio: "pipe" });
  const lines: OperationLine[] = [];
  let partial = "";
  child.stderr.pipe(process.stderr);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const all = (partial + text).split("\n");
    partial = all.pop() ?? "";
    for (const line of all) lines.push(JSON.parse(line));
  });
  child.stdin.write(`${JSON.stringify({ action: "create", deadlineMs: 60_000, ...request })}\n`);
  const ended = new Promise<OperationLine[]>((done) => child.on("close", () => done(lines)));
  return { child, lines, ended };
}

/** The last line of the tool's, when it has ended. */
export async function answerOf(request: Record<string, unknown>): Promise<OperationLine | undefined> {
  const { child, ended } = askTool(request);
  child.stdin.end();
  return (await ended).at(-1);
}
