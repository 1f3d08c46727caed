import type Docker from "dockerode";
import { isGone, type Resource } from "./resource.ts";
import type { RemoteImageInputs } from "./shapes.ts";

/** `docker.RemoteImage`: an image that is there is taken as it is, another is pulled. */
export const remoteImage: Resource<RemoteImageInputs> = {
  async create(docker, { name, platform }) {
    const found = await docker
      .getImage(name)
      .inspect()
      .catch(async (error) => {
        if (!isGone(error)) throw error;
        await pull(docker, name, platform);
        return docker.getImage(name).inspect();
      });
    return found.Id + name;
  },
  async read(docker, _id, { name }) {
    const found = await docker.getImage(name).inspect();
    return { name, imageId: found.Id, repoDigest: found.RepoDigests?.[0] ?? "" };
  },
  async update() {},
  async delete(docker, _id, { name, keepLocally, forceRemove }) {
    if (keepLocally) return;
    const image = docker.getImage(name);
    await image.remove({ force: forceRemove ?? false }).catch((error) => {
      if (!isGone(error)) throw error;
    });
  },
};

async function pull(docker: Docker, name: string, platform: string | undefined): Promise<void> {
  try {
    const stream = await docker.pull(name, platform ? { platform } : {});
    await new Promise((done, fail) =>
      docker.modem.followProgress(stream, (error) => (error ? fail(error) : done(undefined))),
    );
  } catch (error) {
    throw new Error(`unable to pull image ${name}: ${error instanceof Error ? error.message : error}`);
  }
}
