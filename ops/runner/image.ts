import type Docker from "dockerode";
import type { OperationContext } from "../../contract/operation.ts";

/** Has the engine pull an image that it does not have. */
export async function ensureImage(docker: Docker, image: string, { signal, progress }: OperationContext) {
  if (await isThere(docker, image)) return;
  progress(`pulling ${image}, in which the nodes are reached`);
  try {
    const stream = await docker.pull(image, { abortSignal: signal });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error: Error | null) => (error === null ? resolve() : reject(error)));
    });
  } catch (error) {
    throw new Error(
      `the image ${image} is not there and cannot be pulled (${(error as Error).message}): pull or load it yourself, ` +
        "or name another one with Node 20 or later: docker.runnerImage (hearth:runnerImage)",
    );
  }
}

async function isThere(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}
