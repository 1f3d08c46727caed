import { posix } from "node:path";
import { healthLogin, healthScript as scriptOf } from "../../contract/health-script.ts";
import type { Node } from "../node.ts";
import { certificateFiles, type NodeFile } from "../node-files.ts";

/** Names of the health check's files in the node's folder. */
export const healthScript = "health.sh";
const loginFile = "health.auth";

/** What the container's health check runs: see contract/health-script.ts. */
export function healthFiles(node: Node, login: { readonly username: string; readonly password: string }): NodeFile[] {
  const { name, kind, port } = node;
  const content = scriptOf({
    ...{ name, kind, port, user: login.username, tls: tlsOf(node) },
    login: posix.join(node.folder, loginFile),
  });
  return [
    { name: healthScript, content, mode: 0o700 },
    { name: loginFile, content: healthLogin(login.password) },
  ];
}

/** Where the node speaks TLS: by which files redis-cli does. */
export function tlsOf(node: Node) {
  if (!node.serverTls) return undefined;
  const { ca, cert, key } = certificateFiles(node);
  return node.serverTls.authClients === "no" ? { ca } : { ca, own: { cert, key } };
}
