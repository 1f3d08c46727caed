import { createHash } from "node:crypto";
import type { Node } from "./node.ts";
import type { NodeFile } from "./node-files.ts";
import type { NodeHost } from "./node-host.ts";

const appliedName = "applied.json";

/**
 * Fingerprints of what a server runs with, by `directive`, `secret directive`, `acl`, `address`, `quorum`; `tls` (on or
 * off), `certificate` and `tls-auth-clients`.
 */
export type Applied = Record<string, string>;

/** What the inputs ask for, as fingerprints: comparable, and no secret on disk twice. */
export function wanted(node: Node): Applied {
  const applied: Applied = { address: hash([node.host, node.port]), acl: hash(node.acl) };
  for (const [name, value] of Object.entries(node.directives)) applied[name] = hash(value);
  for (const [name, value] of Object.entries(node.secretDirectives)) applied[`secret ${name}`] = hash(value);
  const { serverTls } = node;
  applied.tls = hash(serverTls ? "on" : "off");
  if (serverTls) {
    applied.certificate = hash([serverTls.ca, serverTls.cert, serverTls.key]);
    applied["tls-auth-clients"] = hash(serverTls.authClients);
  }
  if (node.monitor) applied.quorum = hash(node.monitor.quorum);
  return applied;
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

/** What the server of this node was last given; undefined when nothing is known. */
export async function readApplied(host: NodeHost): Promise<Applied | undefined> {
  try {
    const text = await host.readFile(appliedName);
    return text === undefined ? undefined : (JSON.parse(text) as Applied);
  } catch {
    return undefined; // half of it: as if nothing were known
  }
}

export function writeApplied(host: NodeHost, applied: Applied): Promise<void> {
  return host.writeFiles([appliedFile(applied)]);
}

/** The file that says so: the last of those that are written together. */
export function appliedFile(applied: Applied): NodeFile {
  return { name: appliedName, content: `${JSON.stringify(applied)}\n` };
}

/** `applied` where nobody knows whether the server has these yet: they are set again by the next update. */
export function unsure(applied: Applied, keys: readonly string[]): Applied {
  return { ...applied, ...Object.fromEntries(keys.map((key) => [key, ""])) };
}
