import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Container } from "dockerode";
import { containerFilesSchema } from "../../contract/docker.ts";
import {
  type HandlerRequest,
  OperationFailure,
  type OperationHandler,
  type OperationResult,
} from "../../contract/operation.ts";
import { waitFor } from "../wait.ts";
import { existing, explained, inspect, instanceOf, isRunning, kill } from "./containers.ts";
import { engineOf } from "./engine.ts";
import { getFile, mountOf, putFiles } from "./files.ts";

/** What the container was last started with, as a fingerprint: next to the files. */
const appliedName = ".applied";

/** Milliseconds for which a program must run to count as started: one that misses something ends at once. */
const settledMs = 300;

/**
 * Files for a container that Pulumi made and did not start: they are put into its volume, then it is started. When one
 * of them is another, it is started again.
 */
export const containerFiles: OperationHandler = async (request, context) => {
  const { action, inputs } = request;
  if (action === "check") return {};
  const plain = containerFilesSchema.parse(inputs);
  const found = await existing(await engineOf(plain.docker), plain);
  if (action === "read") return found ? read(request, found.container) : { id: "" };
  if (action === "delete") {
    if (found) await kill(found.container);
    return {};
  }
  if (!found)
    throw new Error(
      `the container ${plain.container} is not there, though Pulumi made it: run pulumi refresh, then pulumi up again`,
    );
  const { container, info } = found;
  const { folder, files, owner, name } = plain;
  const wanted = createHash("sha256")
    .update(JSON.stringify(Object.entries(files).sort()))
    .digest("hex");
  const applied = isRunning(info) ? (await getFile(container, posix.join(folder, appliedName)))?.trim() : undefined;
  if (applied === wanted) return { id: name, outputs: { instance: instanceOf(info) } };
  const list = Object.entries(files).map(([file, content]) => ({ name: file, content }));
  const all = [...list, { name: appliedName, content: `${wanted}\n` }];
  await putFiles(container, folder, all, owner, mountOf(folder, info));
  try {
    if (isRunning(info)) await container.restart({ t: 2 });
    else {
      if (info.State.Restarting) await container.stop({ t: 0 });
      await container.start();
    }
    return { id: name, outputs: { instance: await settled(container, name, context.signal) } };
  } catch (error) {
    const reason = await explained(container, error);
    await container.stop({ t: 0 }).catch(() => {}); // it has ended
    throw new OperationFailure(reason, name, { drift: "it did not start" });
  }
};

async function read({ id }: HandlerRequest, container: Container): Promise<OperationResult> {
  const info = await container.inspect();
  return isRunning(info)
    ? { id, outputs: { instance: instanceOf(info) } }
    : { id, outputs: { drift: "the program does not run" } };
}

/** The container's instance, when it has run for a moment. */
function settled(container: Container, name: string, signal: AbortSignal): Promise<string> {
  const began = performance.now();
  let first: string | undefined;
  return waitFor(
    async () => {
      const info = await inspect(container);
      const now = info && isRunning(info) ? instanceOf(info) : undefined;
      first ??= now;
      if (now === undefined || now !== first) throw new Error(`${name}: the program ended`);
      return performance.now() - began >= settledMs ? { value: now } : { missing: "a moment" };
    },
    { what: name, signal, everyMs: settledMs / 2 },
  );
}
