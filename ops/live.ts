import { directiveWords } from "../contract/config-file.ts";
import type { DirectiveValue } from "../contract/nodes.ts";
import type { Applied } from "./applied.ts";
import { type Connection, pairs, parseInfo, RedisReplyError } from "./connect.ts";
import type { Node } from "./node.ts";
import { aclLines, certificateFiles } from "./node-files.ts";

/** What became of the changes that a running server was asked to take over. */
export interface LiveChanges {
  /** Keys of `Applied` that the server now runs with. */
  readonly live: readonly string[];
  /** Keys that only a restart brings into effect. */
  readonly restart: readonly string[];
}

/**
 * Sets what changed on the running server, directive by directive. What it cannot change while it runs is left for a
 * restart; a value that it refuses is an error that names the directive, before anything is stopped.
 */
export async function changeLive(
  node: Node,
  connection: Connection,
  changes: readonly string[],
  removed: readonly string[],
  progress: (message: string) => void,
): Promise<LiveChanges> {
  const live: string[] = [];
  // What a removed directive goes back to is the server's own default, which it does not tell.
  const restart: string[] = [...removed];
  for (const key of changes) {
    if (key === "address" || key === "tls") restart.push(key);
    else if (await changeOne(node, connection, key)) live.push(key);
    else restart.push(key);
  }
  // One line for all: of several in a second only the last would be shown.
  if (live.length > 0) progress(`set live: ${live.map((key) => key.replace(/^secret /, "")).join(", ")}`);
  for (const key of restart) {
    if (changes.includes(key)) await refuseUnknown(node, connection, key);
  }
  return { live, restart };
}

async function changeOne(node: Node, connection: Connection, key: string): Promise<boolean> {
  if (key === "acl") return setUsers(node, connection);
  if (key === "certificate") return reloadCertificate(node, connection);
  if (key === "tls-auth-clients") {
    return node.kind === "redis" && set(connection, key, node.serverTls?.authClients ?? "no");
  }
  // Data nodes only ask the sentinels: another quorum is none of their business.
  if (key === "quorum") return node.kind === "redis" || setQuorum(node, connection);
  const secret = key.startsWith("secret ");
  const name = secret ? key.slice("secret ".length) : key;
  const value = (secret ? node.secretDirectives : node.directives)[name];
  if (value === undefined) return false;
  return node.kind === "sentinel" ? setOnSentinel(connection, name, value) : set(connection, name, value);
}

async function set(connection: Connection, name: string, value: DirectiveValue): Promise<boolean> {
  // A list (`save`) is one value here, all its words in a row.
  const words = typeof value === "string" ? value : value.join(" ");
  return accepted(name, connection.call("CONFIG", "SET", name, words));
}

async function setOnSentinel(connection: Connection, name: string, value: DirectiveValue): Promise<boolean> {
  const [first = "", option = "", masterName] = name.split(/\s+/);
  const [last] = directiveWords(name, String(value)).slice(-1);
  if (first.toLowerCase() !== "sentinel" || last === undefined) return false;
  if (/^sentinel-(user|pass)$/.test(option))
    return accepted(name, connection.call("SENTINEL", "CONFIG", "SET", option, last));
  if (masterName === undefined) return false;
  return accepted(name, connection.call("SENTINEL", "SET", masterName, option, last));
}

/** The files, which are written before, are read anew when their names are set. A sentinel has no such command, and restarts. */
async function reloadCertificate(node: Node, connection: Connection): Promise<boolean> {
  if (node.kind === "sentinel" || !node.serverTls) return false;
  const { ca, cert, key } = certificateFiles(node);
  // All three are read anew whichever is set. Before 7.0 only one can be; from then on the others may be new names, too.
  const all = ["tls-cert-file", cert, "tls-key-file", key, "tls-ca-cert-file", ca];
  if (await accepted("certificate", connection.call("CONFIG", "SET", ...all))) return true;
  return accepted("certificate", connection.call("CONFIG", "SET", "tls-cert-file", cert));
}

async function setQuorum(node: Node, connection: Connection): Promise<boolean> {
  if (!node.monitor) return false;
  const { masterName, quorum } = node.monitor;
  return accepted("quorum", connection.call("SENTINEL", "SET", masterName, "quorum", `${quorum}`));
}

/**
 * User by user, each at once as a whole. ACL LOAD would do it, but closes the connections of all users (before Redis
 * 7.4), and clients are not to notice that a password was added.
 */
async function setUsers(node: Node, connection: Connection): Promise<boolean> {
  if (node.acl.length === 0) return false;
  // The server that runs may be older or newer than the program that starts the next one.
  const server = parseInfo(await connection.text("INFO", "server"));
  const lines = aclLines(node, server.redis_version);
  const wanted = lines.map((line) => line.split(" ").slice(1));
  for (const [user = "", ...rules] of wanted) {
    await accepted("acl", connection.call("ACL", "SETUSER", user, "reset", ...rules));
  }
  const known = (await connection.call("ACL", "USERS")) as string[];
  const removed = known.filter((user) => user !== "default" && !wanted.some(([name]) => name === user));
  if (removed.length > 0) await accepted("acl", connection.call("ACL", "DELUSER", ...removed));
  return true;
}

/** True: done. False: not while it runs. Anything else that the server says is about the value. */
async function accepted(name: string, reply: Promise<unknown>): Promise<boolean> {
  try {
    await reply;
    return true;
  } catch (error) {
    if (!(error instanceof RedisReplyError)) throw error;
    if (
      /immutable|protected config|unsupported config|unknown option|unknown (sub)?command|invalid argument .* to sentinel set/i.test(
        error.message,
      )
    ) {
      return false;
    }
    throw new Error(`directives.${name}: the server refuses this value: ${error.message}`);
  }
}

// Written into the file, but nothing that CONFIG GET knows (of cluster-config-file not before Redis 7).
const fileOnly =
  /^(include|user|loadmodule|rename-command|replicaof|slaveof|sentinel|daemonize|cluster-config-file)\b/i;

/** A misspelt directive would keep the server from starting again: better to know while it still runs. */
async function refuseUnknown(node: Node, connection: Connection, key: string): Promise<void> {
  const name = key.replace(/^secret /, "");
  if (
    node.kind === "sentinel" ||
    ["address", "acl", "quorum", "tls", "certificate"].includes(key) ||
    fileOnly.test(name)
  )
    return;
  // Known to the program that will start next, which need not be the one that runs.
  if (node.directiveVersions?.[name] !== undefined) return;
  if (Object.keys(pairs(await connection.call("CONFIG", "GET", name))).length > 0) return;
  throw new Error(
    `directives.${name}: this server does not know such a directive, and would not start with it: ` +
      "check its name against the redis.conf of this version of Redis",
  );
}

/** What differs between what the server was given and what is asked for. */
export function compare(applied: Applied, target: Applied): { changes: string[]; removed: string[] } {
  return {
    changes: Object.keys(target).filter((key) => applied[key] !== target[key]),
    removed: Object.keys(applied).filter((key) => !(key in target)),
  };
}
