import { posix } from "node:path";
import { quoteWord } from "../config-file.ts";
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
  return [
    { name: healthScript, content: scriptOf(node), mode: 0o700 },
    { name: healthLogin, content: `${asked.join("\n")}\n` },
  ];
}

function scriptOf(node: Node): string {
  return `#!/bin/sh
# Written by Hearth: the health check of ${node.name}. Says a word and ends with 0 (healthy) or 1.
cli=$(command -v redis-cli || command -v valkey-cli) || { echo "no redis-cli in this image"; exit 1; }
said=$("$cli" -h 127.0.0.1 -p ${node.port}${tlsOptions(node)} < ${shellWord(posix.join(node.folder, healthLogin))} 2>&1)
case "$said" in
  *PONG*) ;;
  *LOADING*) echo "loading its data"; exit 1 ;;
  *MASTERDOWN*) echo "its primary is down"; exit 1 ;;
  *) echo "no answer"; exit 1 ;;
esac
case "$said" in
${node.kind === "sentinel" ? '  *sentinel_masters:0*) echo "watches no primary"; exit 1 ;;' : '  *master_link_status:down*) echo "no link to its primary"; exit 1 ;;'}
esac
echo "serves"
`;
}

function tlsOptions(node: Node): string {
  if (!node.serverTls) return "";
  const { ca, cert, key } = certificateFiles(node);
  const own = node.serverTls.authClients === "no" ? "" : ` --cert ${shellWord(cert)} --key ${shellWord(key)}`;
  return ` --tls --cacert ${shellWord(ca)}${own}`;
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
