// What is done first with an engine of our own that has just been started.
import { readFileSync } from "node:fs";
import { findProgram } from "./paths.mjs";
import { StepError } from "./step.mjs";

const image = "hearth/probe:latest";

/** Removes the containers and volumes of runs that were killed. */
export async function clear(host) {
  const docker = await engineAt(host);
  for (const { Id } of await docker.listContainers({ all: true }))
    await docker.getContainer(Id).remove({ force: true });
  const { Volumes } = await docker.listVolumes();
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
}

/**
 * Runs docker-init, which is one file and needs no other, as a container: many sandboxes let the engine start and nothing
 * more. Rejects with Docker's own words.
 */
export async function probe(host, searchPath) {
  const init = findProgram("docker-init", searchPath);
  if (!init) return;
  const { default: tar } = await import("tar-stream");
  const docker = await engineAt(host);
  const pack = tar.pack();
  pack.entry({ name: "init", mode: 0o755 }, readFileSync(init));
  pack.finalize();
  const [repo, tag] = image.split(":");
  const stream = await docker.importImage(pack, { repo, tag });
  await new Promise((resolve, reject) => docker.modem.followProgress(stream, (e) => (e ? reject(e) : resolve())));
  const container = await docker.createContainer({ Image: image, Cmd: ["/init", "--version"] });
  try {
    await container.start();
    const { StatusCode } = await container.wait();
    if (StatusCode !== 0) throw new StepError(`a container ended with exit code ${StatusCode}`);
  } catch (error) {
    throw new StepError(`Docker runs here, but no container does: ${error.message}`);
  } finally {
    await container.remove({ force: true, v: true });
    await docker.getImage(image).remove({ force: true });
  }
}

async function engineAt(host) {
  const { default: Docker } = await import("dockerode");
  return new Docker({ socketPath: host.slice("unix://".length) });
}
