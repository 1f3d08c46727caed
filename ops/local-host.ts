import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { addressSchema, formatAddress } from "../contract/address.ts";
import { askedDirectiveSchema, localHostSchema } from "../contract/nodes.ts";
import type { OperationHandler, OperationResult } from "../contract/operation.ts";
import { findProcess } from "./find-process.ts";
import { makeOwnFolder, whyNotOurs } from "./own-folder.ts";
import { describeHolder, holderOf, whyNotFree } from "./port-holder.ts";
import { isAlive, type ProcessIdentity } from "./process-record.ts";
import { fromProject } from "./project-folder.ts";
import { inspectRedis, installedVersion } from "./redis-binary.ts";
import { isIn } from "./redis-version.ts";
import { type ArgumentFailure as Failure, installedServer, lacksTls, refusedDirectives } from "./try-directives.ts";
import { waitFor } from "./wait.ts";

/** What this machine must offer before anything is started, and the folder that holds the nodes' folders. */
export const localHost: OperationHandler = async (request, context) => {
  const { action, inputs, olds } = request;
  if (action === "check") return { failures: await check(inputs, olds) };
  const { directory } = localHostSchema.parse(inputs);
  const folder = fromProject(directory);
  if (action === "delete") return remove(folder);
  if (action === "read") return existsSync(folder) ? { id: request.id } : { id: "" };
  makeOwnFolder(folder);
  const redis = await inspectRedis();
  if ("problem" in redis) throw new Error(redis.problem);
  context.signal.throwIfAborted();
  // The servers come next: what talks to them is loaded after the answer, while Pulumi gets to them.
  setImmediate(() => void import("../warmer/redis/ioredis.ts")).unref();
  return { id: "local-host", outputs: { version: redis.version } };
};

/** Everything that is wrong, at once. During a preview some inputs may not be known yet: those are left out. */
async function check(inputs: Record<string, unknown>, olds: Record<string, unknown>): Promise<Failure[]> {
  const folders = [inputs.directory, olds.directory]
    .filter((one) => typeof one === "string")
    .map((one) => fromProject(one));
  const ports = Array.isArray(inputs.ports) ? inputs.ports : [];
  const [redis, ...reasons] = await Promise.all([
    inspectRedis(),
    ...ports.map(async (port): Promise<Failure | undefined> => {
      const address = addressSchema.safeParse(port);
      if (!address.success) return undefined;
      const reason = await whyTaken(address.data, String(port.node), folders);
      return reason === undefined ? undefined : { property: "ports", reason };
    }),
  ]);
  const failures = reasons.filter((failure) => failure !== undefined);
  const foreign = typeof inputs.directory === "string" ? whyNotOurs(fromProject(inputs.directory)) : undefined;
  if (foreign !== undefined) failures.unshift({ property: "directory", reason: foreign });
  if ("problem" in redis) return [{ property: "redis-server", reason: redis.problem }, ...failures];
  if (inputs.topology === "sentinel") {
    const versions = [redis.version, (await installedVersion("sentinel")) ?? redis.version];
    const old = versions.find((version) => !isIn(version, sentinelUsers));
    if (old !== undefined) failures.unshift({ property: "topology", reason: noSentinelUsers(old) });
  }
  const server = installedServer(redis.program, redis.version);
  if (inputs.tls === true && (await lacksTls(server))) {
    const reason = `this machine's redis-server ${redis.version} was built without TLS: install one that has it, as those of Debian, Ubuntu and Homebrew do, or write "off"`;
    failures.unshift({ property: "tls", reason });
  }
  const asked = z.array(askedDirectiveSchema).safeParse(inputs.asked);
  return asked.success ? [...(await refusedDirectives(server, asked.data)), ...failures] : failures;
}

/** From then on a sentinel can log in to another by name, and users can be kept from speaking as one. */
const sentinelUsers = { since: "6.2" };

function noSentinelUsers(version: string): string {
  return `this machine's Redis is ${version}, where sentinels cannot log in to each other by name, and every user may speak as one: install Redis 6.2 or later for RedisSentinel, or use RedisStandalone or RedisCluster`;
}

async function whyTaken(
  address: { host: string; port: number },
  node: string,
  folders: readonly string[],
): Promise<string | undefined> {
  const code = await whyNotFree(address);
  if (code === undefined) return undefined;
  const where = `port ${address.port} (${formatAddress(address)}), which ${node} needs,`;
  if (code === "EADDRNOTAVAIL")
    return `${address.host} is not an address of this machine; ${node} needs it: change hearth:bind`;
  if (code === "EACCES") return `${where} may only be used by root: choose one from 1024 up (hearth:port)`;
  if (code !== "EADDRINUSE") return `${where} cannot be used (${code}): choose another (hearth:port)`;
  const holder = holderOf(address.port);
  const own = folders.map((folder) => findProcess(join(folder, node))).filter((one) => one !== undefined);
  // An unseen holder while our own server of this node runs can only be that one.
  if (own.some((one) => holder === undefined || one.pid === holder.pid)) return undefined;
  return `${where} is held by ${describeHolder(holder)}: end it, or choose other ports (hearth:port)`;
}

/** Ends every server that still works below the folder, then removes the folder. */
async function remove(folder: string): Promise<OperationResult> {
  if (!existsSync(folder)) return {};
  const servers = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => findProcess(join(folder, entry.name)))
    .filter((found) => found !== undefined);
  await Promise.all(servers.map(end));
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  removeEmpty(dirname(folder));
  return {};
}

/** The folders above, that were made for this one: `.hearth/<stack>` and `.hearth`, when nothing else is in them. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
    if (basename(dirname(folder)) === ".hearth") rmdirSync(dirname(folder));
  } catch {
    // Something else is in it, or it is not ours to remove.
  }
}

async function end(server: ProcessIdentity): Promise<void> {
  const { signal } = new AbortController();
  const gone = () => (isAlive(server) ? { missing: `the end of process ${server.pid}` } : { value: true });
  process.kill(server.pid, "SIGTERM");
  await waitFor(gone, { what: "stopping", signal, limitMs: 10_000, everyMs: 10 }).catch(() => {
    if (isAlive(server)) process.kill(server.pid, "SIGKILL");
    return waitFor(gone, { what: "killing", signal, limitMs: 10_000, everyMs: 10 });
  });
}
