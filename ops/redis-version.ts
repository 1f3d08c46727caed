import type { VersionRange } from "../contract/nodes.ts";
import type { Node } from "./node.ts";

/** Whether a version (`7.0.15`) is one of the range. */
export function isIn(version: string, { since, until }: VersionRange): boolean {
  return (since === undefined || compare(version, since) >= 0) && (until === undefined || compare(version, until) <= 0);
}

/** By major and minor: a patch brings no directives. */
function compare(version: string, other: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major - otherMajor || minor - otherMinor;
}

/**
 * The node without the directives that this version of Redis does not have: it would not start with them. A server that
 * does not tell its version is given what the newest one has.
 */
export async function forVersion(node: Node, versionOf: () => Promise<string | undefined>): Promise<Node> {
  const { directiveVersions } = node;
  if (directiveVersions === undefined || Object.keys(directiveVersions).length === 0) return node;
  const version = (await versionOf()) ?? "999.0.0";
  const fits = ([name]: [string, unknown]) => isIn(version, directiveVersions[name] ?? {});
  return { ...node, directives: Object.fromEntries(Object.entries(node.directives).filter(fits)) };
}
