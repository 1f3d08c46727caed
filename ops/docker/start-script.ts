import { quoteWord } from "../../contract/config-file.ts";
import { startAsked, startScript, type Takeover } from "../../contract/start-script.ts";
import { isClusterNode, isPersistent, type Node, valuesOf } from "../node.ts";
import type { NodeFile } from "../node-files.ts";
import { tlsOf } from "./health.ts";

const loginName = "start.auth";

/**
 * Beyond the time after which a node counts as gone: for the others to agree, to elect and to promote, on a machine that
 * is busy with the crash. Too short loses data; too long only has a replica come back later.
 */
const marginMs = 5000;

/** Written just before Hearth starts the container: the server does not wait then. */
export const startAskedFile: NodeFile = { name: startAsked, content: "" };

/**
 * What starts the server in its container, each time.
 * @param detectionMs time after which the others count it as gone, and promote a replica; absent: there is none
 */
export function startFiles(
  node: Node,
  detectionMs: number | undefined,
  login: { readonly username: string; readonly password: string },
): NodeFile[] {
  const { name, folder, monitor } = node;
  const takeover = detectionMs === undefined ? undefined : takeoverOf(node, detectionMs);
  const script = { name: "start.sh", content: startScript({ name, folder, takeover }), mode: 0o700 };
  if (!takeover || !monitor) return [script];
  const asked = [
    `AUTH ${quoteWord(login.username)} ${quoteWord(login.password)}`,
    `SENTINEL GET-MASTER-ADDR-BY-NAME ${quoteWord(monitor.masterName)}`,
  ];
  return [script, { name: loginName, content: `${asked.join("\n")}\n` }];
}

function takeoverOf(node: Node, detectionMs: number): Takeover | undefined {
  const { kind, host, port, sentinels, monitor } = node;
  if (kind !== "redis") return undefined;
  const common = { seconds: Math.ceil((detectionMs + marginMs) / 1000), keepsData: isPersistent(node) };
  if (isClusterNode(node)) {
    return { ...common, by: { nodes: valuesOf(node, "cluster-config-file")?.[0] ?? "nodes.conf" } };
  }
  if (!monitor || !sentinels?.length) return undefined;
  return { ...common, by: { sentinels, self: { host, port }, login: loginName, tls: tlsOf(node) } };
}
