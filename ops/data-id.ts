import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loginOf, parseInfo, withConnection } from "./connect.ts";
import type { Node } from "./node.ts";
import { writeAtomically } from "./process-record.ts";

const fileName = "data-id";

/**
 * The id of a node's data: whoever depends on the data (a warmed cache) sees its loss as another id. A new folder has a
 * new one. So has a server that was started as a primary and came up with nothing: it has no persistence, or crashed
 * before its first snapshot. A replica keeps its id, because it gets the data back from its primary.
 */
export async function dataIdOf(node: Node, started: boolean): Promise<string> {
  const known = read(node);
  if (known !== undefined && !(started && (await isEmptyPrimary(node)))) return known;
  const fresh = randomBytes(8).toString("hex");
  writeAtomically(join(node.folder, fileName), `${fresh}\n`);
  return fresh;
}

function read(node: Node): string | undefined {
  try {
    return readFileSync(join(node.folder, fileName), "utf8").trim() || undefined;
  } catch {
    return undefined; // the folder is new
  }
}

async function isEmptyPrimary(node: Node): Promise<boolean> {
  if (node.kind !== "redis") return false;
  return withConnection(node, loginOf(node), async (connection) => {
    const info = parseInfo(await connection.text("INFO"));
    return info.role === "master" && !Object.keys(info).some((name) => /^db\d+$/.test(name));
  });
}
