import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../contract/address.ts";
import type { Directives } from "../contract/nodes.ts";
import { aclText, configText, quoteWord, splitWords } from "./config-file.ts";
import { isClusterNode, type Node, valuesOf } from "./node.ts";
import { makeOwnFolder } from "./own-folder.ts";
import { writeAtomically } from "./process-record.ts";
import { installedVersion } from "./redis-binary.ts";

/**
 * The files of a node's folder.
 *
 * `redis.conf` / `sentinel.conf` is written anew from the inputs before every start. From the file that is there only
 * the server's own state is taken over: of a data node whom it follows, of a sentinel its id, epochs and what it
 * knows of the others. So the file may be rewritten by the server at will (Sentinel makes data nodes do it), and a
 * removed directive never stays behind.
 *
 * `secret.conf` holds the directives with secrets and is included at the end, so that the main file can be shown. A
 * server that rewrites its main file copies them there: both have mode 0600, in a folder of mode 0700.
 */

const secretName = "secret.conf";
const aclName = "users.acl";

/** Makes the node's folder, readable by its owner only. Throws where somebody else has made it. */
export function makeFolder(node: Node): void {
  makeOwnFolder(node.folder);
}

/** Writes all files that the server reads. `replicaOf`: whom a data node follows from its first moment. */
export async function writeFiles(node: Node, replicaOf?: Address): Promise<void> {
  const state = node.kind === "sentinel" ? sentinelState(node) : undefined;
  const heading = `# Node ${node.name}, written by Hearth before each start: change the stack's configuration instead.`;
  const directives: Directives = {
    ...(valuesOf(node, "bind") === undefined && { bind: node.host }),
    ...portDirectives(node),
    dir: node.folder,
    logfile: node.logFile,
    pidfile: join(node.folder, "redis.pid"),
    daemonize: "no",
    ...(node.acl.length > 0 && { aclfile: join(node.folder, aclName) }),
    ...Object.fromEntries(Object.entries(node.directives).filter(([name]) => name !== "port")),
    ...(replicaOf && { replicaof: `${replicaOf.host} ${replicaOf.port}` }),
    ...monitorDirective(node, state),
  };
  const tail = [...(state?.lines ?? []), `include ${quoteWord(join(node.folder, secretName))}`];
  writeAtomically(node.configFile, `${configText(heading, directives)}${tail.join("\n")}\n`);
  writeSecrets(node);
  writeCertificate(node);
  writeAcl(node, await installedVersion(node.kind));
}

/** Where the node's certificate lies. */
export function certificateFiles({ folder }: Node): { ca: string; cert: string; key: string } {
  return { ca: join(folder, "ca.crt"), cert: join(folder, "server.crt"), key: join(folder, "server.key") };
}

/** Writes certificate, key and authority, where the node speaks TLS. */
export function writeCertificate(node: Node): void {
  const { serverTls } = node;
  if (!serverTls) return;
  const files = certificateFiles(node);
  for (const name of ["ca", "cert", "key"] as const) writeAtomically(files[name], serverTls[name]);
}

/** The port, with or without TLS. Nothing listens without TLS where there is TLS. */
function portDirectives(node: Node): Directives {
  const { serverTls } = node;
  if (!serverTls) return { port: `${node.port}` };
  const { ca, cert, key } = certificateFiles(node);
  return {
    port: "0",
    "tls-port": `${node.port}`,
    "tls-ca-cert-file": ca,
    "tls-cert-file": cert,
    "tls-key-file": key,
    "tls-auth-clients": serverTls.authClients,
    // To primaries, replicas and other sentinels too.
    "tls-replication": "yes",
    ...(isClusterNode(node) && { "tls-cluster": "yes" }),
    "tls-protocols": "TLSv1.2 TLSv1.3",
    // Mozilla's "intermediate": forward secrecy and authenticated encryption only.
    "tls-ciphers": tlsCiphers,
    "tls-ciphersuites": "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    "tls-prefer-server-ciphers": "yes",
  };
}

const tlsCiphers = [
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ...["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");

/** Writes the directives that hold a secret. Without an ACL the operator's password is the server's. */
export function writeSecrets(node: Node): void {
  const secrets = { ...(node.acl.length === 0 && { requirepass: node.password }), ...node.secretDirectives };
  writeAtomically(join(node.folder, secretName), configText("# Secrets; included by the main file.", secrets));
}

/**
 * Writes the ACL file, from which the server reads its users at start, and returns its lines.
 *
 * Redis before 6.2 knows no rules for channels (`&*`), and would not start with one: there every user may use every
 * channel, so they are left out. `version`: of the server that reads the file; undefined when nobody knows it.
 */
export function writeAcl(node: Node, version: string | undefined): readonly string[] {
  if (node.acl.length === 0) return [];
  const lines = version !== undefined && isBeforeChannels(version) ? node.acl.map(withoutChannels) : node.acl;
  writeAtomically(join(node.folder, aclName), aclText(lines));
  return lines;
}

function isBeforeChannels(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 6 || (major === 6 && minor < 2);
}

function withoutChannels(line: string): string {
  const words = line.split(" ");
  return words.filter((word) => !word.startsWith("&") && !/^(allchannels|resetchannels)$/i.test(word)).join(" ");
}

/** Whom the data node followed when its configuration was last written, by us or by the server. */
export function lastReplicaOf(node: Node): Address | undefined {
  const [words] = configLines(node, /^(replicaof|slaveof)\s/i);
  return words?.[1] === undefined ? undefined : { host: words[1], port: Number(words[2]) };
}

/** Whether the node was ever started from this folder. */
export function hasConfig(node: Node): boolean {
  return existsSync(node.configFile);
}

/**
 * The lines that match, as words. No other line is read: a sentinel that rewrites its file does not quote passwords,
 * so such a line need not be one that can be read.
 */
function configLines(node: Node, matching: RegExp): string[][] {
  if (!existsSync(node.configFile)) return [];
  const lines = readFileSync(node.configFile, "utf8").split("\n");
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

function sentinelState(node: Node): SentinelState {
  let primary: Address | undefined;
  const kept: string[][] = [];
  for (const words of configLines(node, stateLine)) {
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

/** Removes the node's folder with all that is in it. */
export function removeFolder(node: Node): void {
  rmSync(node.folder, { recursive: true, force: true, maxRetries: 3 });
}
