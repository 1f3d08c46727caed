import { posix } from "node:path";
import type { Address } from "../contract/address.ts";
import { aclText, configText, quoteWord, splitWords } from "../contract/config-file.ts";
import type { Directives } from "../contract/nodes.ts";
import { tlsDirectives } from "../contract/tls-directives.ts";
import { configName, isClusterNode, type Node, valuesOf } from "./node.ts";

/**
 * The files of a node's folder, as data: written by whatever holds the folder (node-host.ts).
 *
 * `redis.conf` / `sentinel.conf` is written anew from the inputs before every start. From the file that is there only
 * the server's own state is taken over: of a data node whom it follows, of a sentinel its id, epochs and what it
 * knows of the others. So the file may be rewritten by the server at will (Sentinel makes data nodes do it), and a
 * removed directive never stays behind.
 *
 * `secret.conf` holds the directives with secrets and is included at the end, so that the main file can be shown. A
 * server that rewrites its main file copies them there: both have mode 0600, in a folder of mode 0700.
 */

/** A file of a node's folder. */
export interface NodeFile {
  readonly name: string;
  readonly content: string;
  /** @default 0o600 */
  readonly mode?: number;
}

/** What is to be known besides the inputs. */
export interface NodeState {
  /** Text of the main file that is there; undefined: the node was never started from its folder. */
  readonly config: string | undefined;
  /** Whom a data node follows from its first moment. */
  readonly replicaOf?: Address | undefined;
  /** Of the server that reads the files; undefined when nobody knows it. */
  readonly version: string | undefined;
}

const secretName = "secret.conf";
const aclName = "users.acl";

/** All files that the server reads. */
export function nodeFiles(node: Node, state: NodeState): NodeFile[] {
  return [mainFile(node, state), ...includedFiles(node, state.version)];
}

/** The files beside the main one, which a sentinel that runs keeps for itself. */
export function includedFiles(node: Node, version: string | undefined): NodeFile[] {
  return [secretFile(node), ...certificateContents(node), ...aclFile(node, version)];
}

function mainFile(node: Node, { config, replicaOf }: NodeState): NodeFile {
  const state = node.kind === "sentinel" ? sentinelState(config) : undefined;
  const heading = `# Node ${node.name}, written by Hearth before each start: change the stack's configuration instead.`;
  const directives: Directives = {
    ...(valuesOf(node, "bind") === undefined && { bind: node.host }),
    ...portDirectives(node),
    dir: node.folder,
    logfile: node.logFile,
    pidfile: posix.join(node.folder, "redis.pid"),
    daemonize: "no",
    ...(node.acl.length > 0 && { aclfile: posix.join(node.folder, aclName) }),
    ...Object.fromEntries(Object.entries(node.directives).filter(([name]) => name !== "port")),
    ...(replicaOf && { replicaof: `${replicaOf.host} ${replicaOf.port}` }),
    ...monitorDirective(node, state),
  };
  const tail = [...(state?.lines ?? []), `include ${quoteWord(posix.join(node.folder, secretName))}`];
  return { name: configName(node.kind), content: `${configText(heading, directives)}${tail.join("\n")}\n` };
}

const certificateNames = { ca: "ca.crt", cert: "server.crt", key: "server.key" } as const;

/** Where the node's certificate lies. */
export function certificateFiles({ folder }: Node): { ca: string; cert: string; key: string } {
  const { ca, cert, key } = certificateNames;
  return { ca: posix.join(folder, ca), cert: posix.join(folder, cert), key: posix.join(folder, key) };
}

/** Certificate, key and authority, where the node speaks TLS. */
export function certificateContents({ serverTls }: Node): NodeFile[] {
  if (!serverTls) return [];
  return (["ca", "cert", "key"] as const).map((name) => ({ name: certificateNames[name], content: serverTls[name] }));
}

/** The port, with or without TLS. Nothing listens without TLS where there is TLS. */
function portDirectives(node: Node): Directives {
  const { serverTls, port } = node;
  if (!serverTls) return { port: `${port}` };
  const { authClients } = serverTls;
  return tlsDirectives(port, certificateFiles(node), { authClients, cluster: isClusterNode(node) });
}

/** The directives that hold a secret. Without an ACL the operator's password is the server's. */
function secretFile(node: Node): NodeFile {
  const secrets = { ...(node.acl.length === 0 && { requirepass: node.password }), ...node.secretDirectives };
  return { name: secretName, content: configText("# Secrets; included by the main file.", secrets) };
}

/** The ACL file, from which the server reads its users at start. */
function aclFile(node: Node, version: string | undefined): NodeFile[] {
  return node.acl.length === 0 ? [] : [{ name: aclName, content: aclText(aclLines(node, version)) }];
}

/**
 * The lines of the ACL for a server of this version. Redis before 6.2 knows no rules for channels (`&*`), and would not
 * start with one: there every user may use every channel, so they are left out.
 */
export function aclLines({ acl }: Node, version: string | undefined): readonly string[] {
  return version !== undefined && isBeforeChannels(version) ? acl.map(withoutChannels) : acl;
}

function isBeforeChannels(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 6 || (major === 6 && minor < 2);
}

function withoutChannels(line: string): string {
  const words = line.split(" ");
  return words.filter((word) => !word.startsWith("&") && !/^(allchannels|resetchannels)$/i.test(word)).join(" ");
}

/** Whom the data node followed when its main file was last written, by us or by the server. */
export function lastReplicaOf(config: string | undefined): Address | undefined {
  const [words] = configLines(config, /^(replicaof|slaveof)\s/i);
  return words?.[1] === undefined ? undefined : { host: words[1], port: Number(words[2]) };
}

/**
 * The lines that match, as words. No other line is read: a sentinel that rewrites its file does not quote passwords,
 * so such a line need not be one that can be read.
 */
function configLines(config: string | undefined, matching: RegExp): string[][] {
  const lines = (config ?? "").split("\n");
  return lines.filter((line) => matching.test(line)).map((line) => splitWords(line));
}

interface SentinelState {
  /** The primary that this sentinel last knew. */
  readonly primary: Address | undefined;
  readonly lines: readonly string[];
}

// What a sentinel must not forget; Redis 6 wrote slave for replica.
const stateLine =
  /^sentinel\s+(monitor|myid|config-epoch|leader-epoch|current-epoch|known-replica|known-slave|known-sentinel)\s/i;

function sentinelState(config: string | undefined): SentinelState {
  let primary: Address | undefined;
  const kept: string[][] = [];
  for (const words of configLines(config, stateLine)) {
    if (words[1]?.toLowerCase() === "monitor") primary = { host: words[3] ?? "", port: Number(words[4]) };
    else kept.push(words);
  }
  return { primary, lines: kept.map((words) => words.map(quoteWord).join(" ")) };
}

/** `sentinel monitor`: the primary that this sentinel last knew, else the planned one. */
function monitorDirective(node: Node, state: SentinelState | undefined): Directives {
  if (!state || !node.monitor) return {};
  const { masterName, quorum, primary } = node.monitor;
  const { host, port } = state.primary ?? primary;
  return { [`sentinel monitor ${masterName}`]: `${host} ${port} ${quorum}` };
}
