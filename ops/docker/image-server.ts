import type Docker from "dockerode";
import type { Container } from "dockerode";
import { isGone, withoutHeaders } from "./containers.ts";

/** The redis-server of an image, asked in a one-off container without a network. */
export interface ImageServer {
  /** Version of Redis: `7.0.15`. */
  readonly version: string;
  /** As it calls itself: `Redis 7.0.15`, `Valkey 8.1.1`. */
  readonly title: string;
  /** Most files that the engine lets a container have open, where that is less than was asked for. */
  readonly mostFiles?: number | undefined;
  /** What the server says to this configuration on its stdin. */
  readConfig(text: string): Promise<string>;
}

// Valkey is what Redis 7.2 was, and says so to whoever asks for `redis_version`, whatever its own version is.
const versionOfValkey = "7.2.4";

// The image's own entry point is left out, so that none has a say.
const find = 'server=$(command -v redis-server || command -v valkey-server) || { echo "no server"; exit 0; }';

/** Id of an image that the engine has. */
export async function idOf(docker: Docker, image: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(image).inspect()).Id;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/**
 * Does `work` with the redis-server of an image that the engine has.
 * Rejects when there is none, or no shell, with what to do about it.
 *
 * @param openFiles so many are its containers to have; unknown during some previews
 */
export async function withImageServer<T>(
  docker: Docker,
  { image, openFiles }: { readonly image: string; readonly openFiles?: number | undefined },
  work: (server: ImageServer) => Promise<T>,
): Promise<T> {
  const [container, isLimited] = await probe(docker, image, openFiles);
  try {
    const said = await run(container, `${find}; "$server" --version`);
    return await work({
      ...versionIn(said, image),
      mostFiles: isLimited ? Number(await run(container, "ulimit -Hn")) || 1024 : undefined,
      // The text is an argument of a shell without a terminal: nothing in it is a secret.
      readConfig: (text) =>
        run(container, `${find}; printf %s "$1" | timeout 5 "$server" - 2>&1`, text.replaceAll("\0", "")),
    });
  } finally {
    await remove(container);
  }
}

/** A container that runs, and whether that is only because it may not open as many files as was asked for. */
async function probe(docker: Docker, image: string, openFiles?: number): Promise<[Container, isLimited: boolean]> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ["sh", "-c", "sleep 120"],
    Cmd: [],
    User: "65534:65534",
    WorkingDir: "/",
    Labels: { "hearth.probe": image },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      PidsLimit: 32,
      Memory: 128 * 1024 * 1024,
      LogConfig: { Type: "none", Config: {} },
      ...(openFiles !== undefined && { Ulimits: [{ Name: "nofile", Soft: openFiles, Hard: openFiles }] }),
    },
  });
  try {
    await container.start();
    return [container, false];
  } catch (error) {
    await remove(container);
    const { message } = error as Error;
    // An engine in a container, or without root, may not raise a limit beyond its own.
    if (openFiles !== undefined && message.includes("rlimit")) return [(await probe(docker, image))[0], true];
    throw new Error(
      `the image ${image} cannot be started (${message.trim()}): it must have a shell and a redis-server or valkey-server, as redis and valkey/valkey have`,
    );
  }
}

async function remove(container: Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(() => {}); // the engine is at it, too
}

function versionIn(said: string, image: string): { version: string; title: string } {
  const [, name = "", version] = /(Redis|Valkey) server v=(\d+\.\d+\.\d+)/i.exec(said) ?? [];
  if (version === undefined) {
    const what = said.startsWith("no server") ? "it has neither" : `it said ${said.trim().slice(0, 200)}`;
    throw new Error(
      `the image ${image} must have a redis-server or valkey-server on its PATH (${what}): choose another image (hearth:image)`,
    );
  }
  const valkey = name.toLowerCase() === "valkey";
  return { version: valkey ? versionOfValkey : version, title: `${valkey ? "Valkey" : "Redis"} ${version}` };
}

async function run(container: Container, script: string, ...args: string[]): Promise<string> {
  const exec = await container.exec({
    Cmd: ["sh", "-c", script, "sh", ...args],
    AttachStdout: true,
    AttachStderr: true,
    WorkingDir: "/",
  });
  const stream = await exec.start({});
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  stream.destroy();
  return withoutHeaders(Buffer.concat(chunks));
}
