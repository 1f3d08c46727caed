import { posix } from "node:path";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { Owner } from "../../contract/docker.ts";

/** A file for a container's folder. */
export interface ContainerFile {
  readonly name: string;
  readonly content: string;
  /** @default 0o600 */
  readonly mode?: number;
}

/**
 * Puts files into a folder of a container, on one of its volumes: before it was ever started, and while it runs. The
 * folder is made when it is missing, mode 0700, and belongs to `owner` like the files, which nobody else can read. (The
 * root of a volume stays as it is.)
 *
 * @param mount where the volume is mounted, if that is known: else the engine is asked
 */
export async function putFiles(
  container: Container,
  folder: string,
  files: readonly ContainerFile[],
  owner: Owner,
  mount?: string,
): Promise<void> {
  const root = mount ?? mountOf(folder, await container.inspect());
  const { default: tar } = await import("tar-stream"); // in the bundle it has no other export
  const pack = tar.pack();
  const below = posix.relative(root, folder);
  // Not the root of the volume: the engine leaves that as it is.
  const parts = below === "" ? [] : below.split("/");
  const folders = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  for (const name of folders) pack.entry({ name: `${name}/`, type: "directory", mode: 0o700, ...owner });
  for (const { name, content, mode = 0o600 } of files)
    pack.entry({ name: posix.join(below, name), mode, ...owner }, content);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  await container.putArchive(Buffer.concat(chunks), { path: root });
}

/** Where the volume is mounted that a container's folder lies on. */
export function mountOf(folder: string, { Id, Mounts }: ContainerInspectInfo): string {
  // The root of the container is read-only: only what lies on a volume can be written.
  const mounts = Mounts.map(({ Destination }) => Destination).filter((mount) => isWithin(folder, mount));
  const [mount] = mounts.sort((a, b) => b.length - a.length);
  if (mount === undefined) throw new Error(`${folder} lies on no volume of container ${Id.slice(0, 12)}`);
  return mount;
}

/** The text of a container's file, also of a container that does not run; undefined when there is no such file. */
export async function getFile(container: Container, path: string): Promise<string | undefined> {
  const archive = await container.getArchive({ path }).catch(unlessMissing);
  if (archive === undefined) return undefined;
  const { default: tar } = await import("tar-stream");
  const entries = tar.extract();
  archive.once("error", (error) => entries.destroy(error));
  archive.pipe(entries);
  let text: string | undefined;
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    text ??= Buffer.concat(chunks).toString("utf8");
  }
  return text;
}

/** Whether there is such a file or folder in the container. */
export async function hasFile(container: Container, path: string): Promise<boolean> {
  return (await container.infoArchive({ path }).catch(unlessMissing)) !== undefined;
}

function isWithin(folder: string, mount: string): boolean {
  return folder === mount || folder.startsWith(mount === "/" ? "/" : `${mount}/`);
}

/** A file that is missing, not a container: for that one the message is another. */
function unlessMissing(error: unknown): undefined {
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 404 && !/No such container:/.test(message ?? "")) return undefined;
  throw error;
}
