import { randomBytes } from "node:crypto";
import type { NodeFile } from "./node-files.ts";
import type { NodeHost } from "./node-host.ts";

const fileName = "data-id";

/**
 * The id of a node's data: whoever depends on the data (a warmed cache) sees its loss as another id. A new folder has a
 * new one. So has a server that was started as a primary and came up with nothing: it has no persistence, or crashed
 * before its first snapshot. A replica keeps its id, because it gets the data back from its primary.
 */
export async function dataIdOf(host: NodeHost, lost: boolean): Promise<string> {
  const known = (await host.readFile(fileName))?.trim();
  if (known !== undefined && known !== "" && !lost) return known;
  const fresh = newDataId();
  await host.writeFiles([dataIdFile(fresh)]);
  return fresh;
}

/** An id that no data has yet. */
export function newDataId(): string {
  return randomBytes(8).toString("hex");
}

/** The file that keeps it. */
export function dataIdFile(dataId: string): NodeFile {
  return { name: fileName, content: `${dataId}\n` };
}
