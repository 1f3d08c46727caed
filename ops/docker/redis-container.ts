import { posix } from "node:path";
import { redisContainerSchema } from "../../contract/docker.ts";
import { withDirectives } from "../../contract/nodes.ts";
import type { HandlerRequest, OperationHandler, OperationResult } from "../../contract/operation.ts";
import { ensure, look } from "../converge.ts";
import { nodeIn } from "../node.ts";
import { forVersion } from "../redis-version.ts";
import { existing } from "./containers.ts";
import { DockerNodeHost } from "./docker-node-host.ts";
import { engineOf } from "./engine.ts";

/**
 * The redis-server or redis-sentinel in a container that Pulumi made and did not start: its files are put into the
 * volume, it is started, and later brought to what is asked for. A container that was made anew over the same volume is
 * started with the data and the role of the one before.
 */
export const redisContainer: OperationHandler = async (request, context) => {
  if (request.action === "check") return {};
  const host = await hostOf(request);
  if (request.action === "read") {
    const found = await host?.running();
    if (!host) return { id: "" };
    // The container is there: it is started again by the next update.
    return found
      ? withoutVersion(await look(host, found, context))
      : { id: request.id, outputs: { drift: "the server does not run" } };
  }
  if (request.action === "delete") {
    // Pulumi removes the container next. What is not wanted any more need not be saved.
    await host?.kill();
    return {};
  }
  if (!host) {
    const { container } = redisContainerSchema.pick({ container: true }).parse(request.inputs);
    throw new Error(
      `the container ${container} is not there, though Pulumi made it: run pulumi refresh, then pulumi up again`,
    );
  }
  return withoutVersion(await ensure(host, context));
};

/** It is an input here: the image's. */
function withoutVersion({ outputs = {}, ...result }: OperationResult): OperationResult {
  const { version: _, ...rest } = outputs;
  return Object.keys(rest).length === 0 ? result : { ...result, outputs: rest };
}

async function hostOf({ inputs, olds, deadlineMs }: HandlerRequest): Promise<DockerNodeHost | undefined> {
  const plain = redisContainerSchema.parse(withDirectives(inputs));
  const { docker: engine, containerId, mount, owner, version, runner, health, detectionMs } = plain;
  const docker = await engineOf(engine);
  const found = await existing(docker, { containerId, container: plain.container });
  if (!found) return undefined;
  const node = nodeIn(posix.join(mount, "node"), inputs, olds, "");
  const { container, info } = found;
  return new DockerNodeHost(await forVersion(node, async () => version), {
    ...{ container, info, owner, mount, version, runner, health, detectionMs, deadlineMs },
  });
}
