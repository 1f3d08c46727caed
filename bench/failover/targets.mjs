// How a node's server is killed on each target, and what a deployment needs there besides its topology.
import { pidOf } from "../../test/support/processes.ts";

export const targets = {
  local: {
    config: async () => ({}),
    kill: async (stack, node) => process.kill(pidOf(stack.directory, node), "SIGKILL"),
  },
  docker: {
    async config() {
      const { ready } = await import("../../test/support/docker.ts");
      const { dockerConfig } = await import("../../test/support/docker-config.ts");
      const { dockerPlugin } = await import("../../scripts/bootstrap/docker-plugin.mjs");
      await ready("redis", "exporter");
      await dockerPlugin();
      return { ...(await dockerConfig()), directory: undefined };
    },
    /** The engine takes it for a wish and leaves the container alone: as when the machine is gone. */
    kill: async (stack, node) => (await containerOf(stack, node)).kill({ signal: "SIGKILL" }),
  },
  "docker-crash": {
    config: () => targets.docker.config(),
    /** The server dies behind the engine's back, which starts it again at once. */
    async kill(stack, node) {
      const { State } = await (await containerOf(stack, node)).inspect();
      process.kill(State.Pid, "SIGKILL");
    },
  },
};

async function containerOf(stack, node) {
  const { docker } = await import("../../test/support/docker.ts");
  const found = (await stack.resources()).find(
    ({ type, urn }) => type === "docker:index/container:Container" && urn.endsWith(`::${node}`),
  );
  return docker.getContainer(found.id);
}
