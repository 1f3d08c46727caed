import { posix } from "node:path";
import { quoteWord } from "../../contract/config-file.ts";
import { healthScript as scriptOf } from "../../contract/health-script.ts";
import type { Node } from "../node.ts";
import { certificateFiles, type NodeFile } from "../node-files.ts";

/** Names of the health check's files in the node's folder. */
export const healthScript = "health.sh";
const healthLogin = "health.auth";

/**
 * What the container's health check runs: whether the server serves, and, of a replica, whether it has its primary. The
 * login is read by redis-cli from a file on its stdin, so that it is in no argument, and in no environment.
 */
export function healthFiles(node: Node, login: { readonly username: string; readonly password: string }): NodeFile[] {
  const asked = [
    `AUTH ${quoteWord(login.username)} ${quoteWord(login.password)}`,
    "PING",
    node.kind === "sentinel" ? "INFO sentinel" : "INFO replication",
  ];
  const { name, kind, port } = node;
  const content = scriptOf({ name, kind, port, login: posix.join(node.folder, healthLogin), tls: tlsOf(node) });
  return [
    { name: healthScript, content, mode: 0o700 },
    { name: healthLogin, content: `${asked.join("\n")}\n` },
  ];
}

/** Where the node speaks TLS: by which files redis-cli does. */
export function tlsOf(node: Node) {
  if (!node.serverTls) return undefined;
  const { ca, cert, key } = certificateFiles(node);
  return node.serverTls.authClients === "no" ? { ca } : { ca, own: { cert, key } };
}
