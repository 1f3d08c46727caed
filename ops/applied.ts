import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "./node.ts";
import { writeAtomically } from "./process-record.ts";

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

/** What the server in this folder was last given; undefined when nothing is known. */
export function readApplied(node: Node): Applied | undefined {
  try {
    return JSON.parse(readFileSync(join(node.folder, appliedName), "utf8")) as Applied;
  } catch {
    return undefined; // never started from here
  }
}

export function writeApplied(node: Node, applied: Applied = wanted(node)): void {
  writeAtomically(join(node.folder, appliedName), `${JSON.stringify(applied)}\n`);
}
