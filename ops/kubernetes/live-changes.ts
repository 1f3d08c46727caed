import type { NodeState, RolloutNode } from "../../contract/rollout.ts";
import { wanted } from "../applied.ts";
import { compare } from "../live.ts";
import type { Steps } from "./steps-in-jobs.ts";

/** What could not be set on servers that run. */
export interface NotLive {
  /** Nodes that take it from their files, when their pods are made anew. */
  readonly restart: readonly string[];
  /** Whether nodes before and after the change do not understand each other. */
  readonly together: boolean;
}

/**
 * Sets on the servers that run what has changed since they were last given something.
 * @throws when a server refuses a value, naming the directive
 */
export async function changeLiveOn(
  nodes: readonly RolloutNode[],
  known: Readonly<Record<string, NodeState>>,
  steps: Steps,
): Promise<NotLive> {
  const changed = nodes.flatMap((node) => {
    const applied = known[node.name]?.applied;
    if (applied === undefined) return []; // it has just been made
    const difference = compare(applied, wanted(steps.nodeOf(node)));
    return difference.changes.length + difference.removed.length > 0 ? [{ node, ...difference }] : [];
  });
  const together = changed.some(({ changes }) => changes.includes("tls"));
  // With TLS on one side only nobody is understood. A certificate is in a volume that follows its Secret a minute later.
  const restarting = changed.filter(({ changes }) =>
    changes.some((key) => ["tls", "address", "certificate"].includes(key)),
  );
  const live = changed.filter((one) => !restarting.includes(one));
  const asked = new Map(live.map(({ node, changes, removed }) => [node.name, { changes, removed }]));
  const left: typeof live = [];
  // A sentinel whose new password the data nodes do not take yet counts them as down.
  for (const kind of ["redis", "sentinel"] as const) {
    const some = live.filter(({ node }) => node.kind === kind);
    if (some.length === 0) continue;
    const outcomes = await steps.all(
      "change-live",
      some.map(({ node }) => node),
      ({ name }) => asked.get(name) ?? { changes: [], removed: [] },
    );
    left.push(...some.filter(({ node }) => (outcomes.get(node.name)?.restart.length ?? 0) > 0));
  }
  return { restart: [...restarting, ...left].map(({ node }) => node.name), together };
}
