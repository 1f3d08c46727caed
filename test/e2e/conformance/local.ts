import { existsSync, readdirSync } from "node:fs";
import { describe } from "vitest";
import { pidOf, runs } from "../../support/processes.ts";
import type { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import type { TargetDriver } from "./driver.ts";

async function end(stack: TestStack, nodes: readonly string[], signal: NodeJS.Signals): Promise<void> {
  const pids = nodes.map((node) => pidOf(stack.directory, node));
  for (const pid of pids) process.kill(pid, signal);
  await until("the ends of the servers", async () => pids.every((pid) => !runs(pid)));
}

/** Processes of this machine. Nobody but an update starts one that has ended. */
export const local: TargetDriver = {
  target: "local",
  describe,
  config: async () => ({ target: "local" }),
  kill: (stack, node) => end(stack, [node], "SIGKILL"),
  async restart(stack, nodes) {
    // All at once, unprepared: a power cut.
    await end(stack, nodes, "SIGKILL");
    await stack.refresh();
    await stack.up();
  },
  async footprint({ directory }) {
    if (!existsSync(directory)) return [];
    const nodes = readdirSync(directory).filter((name) => existsSync(`${directory}/${name}/process.json`));
    return [...nodes.map((node) => `pid ${pidOf(directory, node)}`), directory];
  },
  async left(footprint) {
    return footprint.filter((thing) => {
      const pid = /^pid (\d+)$/.exec(thing)?.[1];
      return pid ? runs(Number(pid)) : existsSync(thing);
    });
  },
};
