import { aclText, configText, quoteWord } from "../../../contract/config-file.ts";
import { healthLogin } from "../../../contract/health-script.ts";
import type { ServerTls } from "../../../contract/nodes.ts";
import { renderAcl } from "../acl.ts";
import { podUser, resolveSecret, resolveSecretDirectives, type Secrets } from "../secrets.ts";
import type { PlannedNode } from "../topology.ts";
import { certificateFiles, secretFiles } from "./paths.ts";

/**
 * The Secret of the nodes of one kind, by file: they have the same users and passwords, and each its certificate.
 *
 * @param certificates by the node's name; absent: plain TCP
 */
export function secretData(
  nodes: readonly PlannedNode[],
  secrets: Secrets,
  certificates?: ReadonlyMap<string, ServerTls>,
): Record<string, string> {
  const [first] = nodes;
  if (first === undefined) throw new Error("there is no node to make a Secret for");
  const { acl, secretDirectives } = first;
  const passwordOf = (user: "exporter" | typeof podUser) => resolveSecret({ secret: user }, secrets);
  return {
    [secretFiles.directives]: configText(
      "# Secrets; included by the main file.",
      resolveSecretDirectives(secretDirectives, secrets),
    ),
    [secretFiles.acl]: aclText(renderAcl(acl, secrets)),
    [secretFiles.health]: healthLogin(passwordOf("exporter")),
    ...(acl.some(({ user }) => user === podUser) && {
      [secretFiles.handover]: `AUTH ${podUser} ${quoteWord(passwordOf(podUser))}\n`,
    }),
    ...certificateData(nodes, certificates),
  };
}

function certificateData(
  nodes: readonly PlannedNode[],
  certificates: ReadonlyMap<string, ServerTls> | undefined,
): Record<string, string> {
  if (certificates === undefined) return {};
  const entries = nodes.flatMap(({ name }): [string, string][] => {
    const own = certificates.get(name);
    if (own === undefined) throw new Error(`there is no certificate for ${name}`);
    const files = certificateFiles(name);
    return [
      [secretFiles.ca, own.ca],
      [files.cert, own.cert],
      [files.key, own.key],
    ];
  });
  return Object.fromEntries(entries);
}
