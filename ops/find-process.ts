import { readFileSync, realpathSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import type { Address } from "../contract/address.ts";
import { loginOf, parseInfo, withConnection } from "./connect.ts";
import type { Node } from "./node.ts";
import { identify, isAlive, type ProcessIdentity, readRecord, workingFolderOf, writeRecord } from "./process-record.ts";

/** Name of the file in which a server's own process writes its pid before it becomes the server. */
export const spawnedName = "spawned.pid";

/**
 * The running server of a node's folder, whatever happened to the tool that started it. In this order: the recorded
 * process; the one that announced itself in the folder just before it became the server (the tool may have been
 * killed before it recorded that); Redis's own pid file. A pid that was not recorded with its start counts only when
 * that process works in this very folder, so that a recycled pid is never taken for ours.
 */
export function findProcess(folder: string): ProcessIdentity | undefined {
  const recorded = readRecord(folder);
  if (recorded && isAlive(recorded)) return recorded;
  for (const name of [spawnedName, "redis.pid"]) {
    const found = verified(folder, pidIn(join(folder, name)));
    if (found) {
      writeRecord(folder, found);
      return found;
    }
  }
  return undefined;
}

/**
 * The server that answers at the node's address, when it says that its configuration file is in the node's folder:
 * ours, though no file names it. Undefined when nothing answers, it lets us not in, or it is somebody else's.
 */
export async function findByAddress(node: Node): Promise<ProcessIdentity | undefined> {
  if (await refuses(node)) return undefined;
  try {
    const server = await withConnection(node, { ...loginOf(node), timeoutMs: 500 }, async (connection) =>
      parseInfo(await connection.text("INFO", "server")),
    );
    const found = identify(Number(server.process_id));
    if (!found || !isIn(node.folder, server.config_file ?? "")) return undefined;
    writeRecord(node.folder, found);
    return found;
  } catch {
    return undefined; // nothing there, or we are not let in
  }
}

/** Nobody listens. Told by a bare socket: a server that is to be started need not wait until ioredis is loaded. */
function refuses({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host, port, timeout: 500 });
    const answer = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.once("connect", () => answer(false));
    for (const name of ["error", "timeout"]) socket.once(name, () => answer(true));
  });
}

function isIn(folder: string, configFile: string): boolean {
  return ["redis.conf", "sentinel.conf"].some((name) => real(join(folder, name)) === real(configFile));
}

function verified(folder: string, pid: number | undefined): ProcessIdentity | undefined {
  const found = pid === undefined ? undefined : identify(pid);
  return found && workingFolderOf(found.pid) === real(folder) ? found : undefined;
}

function pidIn(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "latin1"), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
