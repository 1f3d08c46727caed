import { docker, dockerTest } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { isGone } from "../../support/docker-plugin/resource.ts";
import type { TestStack } from "../../support/stack.ts";
import type { TargetDriver } from "./driver.ts";

interface Resource {
  readonly type: string;
  readonly id: string;
  readonly urn: string;
  readonly outputs?: { readonly name?: string };
}

/** What the engine holds of a kind, by its id. */
const kinds = {
  "docker:index/container:Container": (id: string) => docker.getContainer(id),
  "docker:index/volume:Volume": (id: string) => docker.getVolume(id),
  "docker:index/network:Network": (id: string) => docker.getNetwork(id),
} as const;

async function resourcesOf(stack: TestStack): Promise<Resource[]> {
  return JSON.parse(await stack.export()).deployment.resources ?? [];
}

/** The id of the container that a node's server runs in. */
export async function containerOf(stack: TestStack, node: string): Promise<string> {
  const found = (await resourcesOf(stack)).find(
    ({ type, urn }) => type === "docker:index/container:Container" && urn.endsWith(`::${node}`),
  );
  if (!found) throw new Error(`the stack has no container ${node}`);
  return found.id;
}

/** Containers of the Docker engine. */
export const dockerTarget: TargetDriver = {
  target: "docker",
  describe: (name, body) => dockerTest(name, body, ["redis", "redisNext", "exporter"]),
  config: dockerConfig,
  // The engine takes it for a wish, and does not start the container again.
  async kill(stack, node) {
    await docker.getContainer(await containerOf(stack, node)).kill({ signal: "SIGKILL" });
  },
  async restart(stack, nodes) {
    const ids = await Promise.all(nodes.map((node) => containerOf(stack, node)));
    await Promise.all(ids.map((id) => docker.getContainer(id).restart({ t: 10 })));
  },
  async footprint(stack) {
    const made = (await resourcesOf(stack)).filter(({ type }) => type in kinds);
    return made.map(({ type, id }) => `${type} ${id}`);
  },
  async left(footprint) {
    const there = footprint.map(async (thing) => {
      const [type, id] = thing.split(" ") as [keyof typeof kinds, string];
      try {
        await kinds[type](id).inspect();
        return [thing];
      } catch (error) {
        if (isGone(error)) return [];
        throw error;
      }
    });
    return (await Promise.all(there)).flat();
  },
};
