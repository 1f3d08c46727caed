import type { Address } from "../../contract/address.ts";
import type { DockerRunner, RunnerInputs } from "../../contract/runner.ts";
import { networkOperations, type Runner } from "./on-network.ts";
import { canReach } from "./reach.ts";
import { ToolContainer } from "./tool-container.ts";

export type { Runner, RunnerRequest } from "./on-network.ts";

const here: Runner = {
  where: "here",
  async run(operation, { id = "", olds = {}, ...request }, context) {
    const handler = await networkOperations[operation]();
    return handler({ operation, id, olds, ...request }, context);
  },
};

/** One for each network and process. */
const containers = new Map<string, ToolContainer>();
/** What `auto` found, for each network: it stays so for the process. */
const reached = new Map<string, Promise<boolean>>();

/**
 * The runner that the inputs ask for; without any, this process.
 * @param nodes where nodes of the topology are: by them `auto` finds out whether they can be reached from here
 */
export async function runnerOf(inputs: RunnerInputs | undefined, nodes: readonly Address[] = []): Promise<Runner> {
  if (inputs === undefined) return here;
  if ("kubernetes" in inputs) return (await import("../kubernetes/cluster-runner.ts")).clusterRunner(inputs);
  if (inputs.mode === "here") return here;
  if (inputs.mode === "auto" && (await isReached(inputs, nodes))) return here;
  const key = keyOf(inputs);
  const known = containers.get(key) ?? new ToolContainer(inputs);
  containers.set(key, known);
  return known;
}

/**
 * Ends the network's container, unless it is at work: a network with a container on it cannot be removed. Of a namespace:
 * takes the tool out of it, unless it is at work.
 */
export async function releaseRunner(inputs: RunnerInputs): Promise<void> {
  if ("kubernetes" in inputs)
    return await (await import("../kubernetes/cluster-runner.ts")).clusterRunner(inputs).release();
  await containers.get(keyOf(inputs))?.release();
}

function isReached(inputs: DockerRunner, nodes: readonly Address[]): Promise<boolean> {
  const key = keyOf(inputs);
  const known = reached.get(key) ?? canReach(inputs, nodes);
  reached.set(key, known);
  known.catch(() => reached.delete(key)); // the engine may be started meanwhile
  return known;
}

function keyOf({ docker, network, image }: DockerRunner): string {
  return JSON.stringify([docker.host, docker.context, docker.certPath, network, image]);
}
