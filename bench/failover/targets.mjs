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
    /** As a crash: the server's process is killed behind the engine's back, which starts the container again. */
    async kill(stack, node) {
      const { docker } = await import("../../test/support/docker.ts");
      const container = (await stack.resources()).find(
        ({ type, urn }) => type === "docker:index/container:Container" && urn.endsWith(`::${node}`),
      );
      const { State } = await docker.getContainer(container.id).inspect();
      process.kill(State.Pid, "SIGKILL");
    },
  },
};
