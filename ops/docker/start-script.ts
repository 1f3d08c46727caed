import { quoteWord } from "../../contract/config-file.ts";
import { startAsked, startScript, type Takeover, takeoverMarginMs } from "../../contract/start-script.ts";
import { isClusterNode, isPersistent, type Node, valuesOf } from "../node.ts";
import type { NodeFile } from "../node-files.ts";
import { tlsOf } from "./health.ts";

const loginName = "start.auth";

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
  const { name, folder } = node;
  const by = takenOverBy(node);
  const takeover: Takeover | undefined =
    detectionMs === undefined || !by
      ? undefined
      : {
          seconds: Math.ceil((detectionMs + takeoverMarginMs) / 1000),
          keepsData: isPersistent(node),
          ...{ by, login: loginName, tls: tlsOf(node) },
        };
  const script = { name: "start.sh", content: startScript({ name, folder, takeover }), mode: 0o700 };
  if (!takeover) return [script];
  const question = node.monitor
    ? `SENTINEL GET-MASTER-ADDR-BY-NAME ${quoteWord(node.monitor.masterName)}`
    : "CLUSTER NODES";
  const asked = [`AUTH ${quoteWord(login.username)} ${quoteWord(login.password)}`, question];
  return [script, { name: loginName, content: `${asked.join("\n")}\n` }];
}

function takenOverBy(node: Node): Takeover["by"] | undefined {
  const { kind, host, port, sentinels } = node;
  if (kind !== "redis") return undefined;
  if (isClusterNode(node)) return { nodes: valuesOf(node, "cluster-config-file")?.[0] ?? "nodes.conf" };
  return sentinels?.length ? { sentinels, self: { host, port } } : undefined;
}
