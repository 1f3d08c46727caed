import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Address, formatAddress } from "../contract/address.ts";
import type { OperationContext } from "../contract/operation.ts";
import { type Answer, lookAt } from "./answer.ts";
import { spawnedName } from "./find-process.ts";
import type { Node } from "./node.ts";
import { describeHolder, holderOf, whyNotFree } from "./port-holder.ts";
import { identify, isAlive, type ProcessIdentity, removeRecord, writeRecord } from "./process-record.ts";
import { serverCommand } from "./redis-binary.ts";
import { waitFor } from "./wait.ts";

/**
 * Starts the server of a node whose files are written, and waits until it answers. It runs in a session of its own and
 * outlives the tool. A server that does not come up is stopped again; the error ends with the last lines of its log.
 */
export async function startServer(
  node: Node,
  context: OperationContext,
): Promise<{ readonly identity: ProcessIdentity; readonly answer: Answer }> {
  const { program, before, after } = serverCommand(node.kind);
  const spawned = join(node.folder, spawnedName);
  rmSync(spawned, { force: true });
  rmSync(join(node.folder, "redis.pid"), { force: true });
  const log = openSync(node.logFile, "a", 0o600);
  const logStart = fstatSync(log).size;
  // The process writes down its own pid before it becomes the server (exec keeps the pid), so that there is no moment
  // in which a server runs that no file names, even when this tool is killed right now. It leaves no core file, which
  // would hold the data and the passwords.
  const child = spawn(
    "/bin/sh",
    [
      "-c",
      'umask 077; ulimit -c 0; echo $$ >"$0" && exec "$@"',
      spawned,
      program,
      ...before,
      node.configFile,
      ...after,
    ],
    { cwd: node.folder, detached: true, stdio: ["ignore", log, log], env: serverEnvironment() },
  );
  closeSync(log);
  const failed = new Promise<Error>((resolve) => child.once("error", resolve));
  if (child.pid === undefined)
    throw new Error(`${node.name}: ${program} could not be started: ${(await failed).message}`);
  child.unref();
  const identity = identify(child.pid);
  if (identity) writeRecord(node.folder, identity);
  try {
    const running = identity ?? { pid: child.pid, started: "" };
    return { identity: running, answer: await waitUntilAnswering(node, running, context.signal) };
  } catch (error) {
    if (identity && isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    removeRecord(node.folder);
    throw new Error(await explain(node, error as Error, logStart));
  }
}

/** Waits until exactly this process answers at the node's address; a server that loads its data does not yet. */
export async function waitUntilAnswering(
  node: Node,
  identity: ProcessIdentity,
  signal: AbortSignal,
  limitMs?: number,
): Promise<Answer> {
  return waitFor(
    async () => {
      if (!isAlive(identity)) throw new Error(`${node.name}: the server ended`);
      const look = await lookAt(node);
      if ("missing" in look || look.value.pid === identity.pid) return look;
      return { missing: `process ${look.value.pid} answers instead` };
    },
    { what: `${node.name} at ${formatAddress(node)}`, signal, everyMs: 10, ...(limitMs !== undefined && { limitMs }) },
  );
}

/** Nothing of the tool's environment but what a program needs: it stays readable in the server's /proc entry. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = /^(PATH|HOME|LANG|LC_[A-Z]+|TZ|TMPDIR|LD_LIBRARY_PATH|DYLD_[A-Z_]+)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name)));
}

async function explain(node: Node, error: Error, logStart: number): Promise<string> {
  const ports: Address[] = [node, { host: node.host, port: node.port + 10_000 }];
  const lines = logTail(node.logFile, logStart);
  let taken = "";
  if (/Address already in use|bind:|Failed listening/i.test(lines)) {
    for (const address of ports) {
      if (address.port > 65_535 || (await whyNotFree(address)) !== "EADDRINUSE") continue;
      taken = `\n${formatAddress(address)} is held by ${describeHolder(holderOf(address.port))}: end it, or choose other ports (hearth:port)`;
      break;
    }
  }
  const log = lines === "" ? `Its log ${node.logFile} is empty.` : `The end of its log ${node.logFile}:\n${lines}`;
  return `${error.message}${taken}\n${log}`;
}

/** The last 20 lines that were written since the start. */
function logTail(path: string, from: number): string {
  try {
    return readFileSync(path).subarray(from).toString("utf8").trimEnd().split("\n").slice(-20).join("\n");
  } catch {
    return "";
  }
}
