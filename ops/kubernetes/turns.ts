import type { V1Pod } from "@kubernetes/client-node";
import type { OperationContext } from "../../contract/operation.ts";
import type { RolloutNode } from "../../contract/rollout.ts";
import { isClusterNode } from "../node.ts";
import { watchOf } from "../sentinel-watch.ts";
import { isReady, isRunning, type NodePods, revisionOf, whyNotReady } from "./node-pods.ts";
import type { Steps } from "./steps-in-jobs.ts";

/** Who is to be replaced. */
export interface Turns {
  readonly nodes: readonly RolloutNode[];
  readonly outdated: readonly RolloutNode[];
  /** The revision that each StatefulSet asks for. */
  readonly revisions: ReadonlyMap<string, string>;
  /** Whether all at once, as nodes before and after do not understand each other. */
  readonly together: boolean;
}

/**
 * Replaces pods, one at a time: first those that do not serve anyway, then replicas, primaries, sentinels, by the roles
 * that they have now. Before each, all others serve; a primary hands over to a replica before; and the next comes when
 * the pod is back and in step.
 */
export async function inTurns(
  { nodes, outdated, revisions, together }: Turns,
  pods: NodePods,
  steps: Steps,
  context: OperationContext,
): Promise<void> {
  const { signal, progress } = context;
  const present = await podsOf(outdated, pods);
  const isBack = (node: RolloutNode, before: V1Pod | undefined, unformed: boolean) => (pod: V1Pod) => {
    if (pod.metadata?.uid === before?.metadata?.uid) return `the end of the pod ${node.name} as it was`;
    if (revisionOf(pod) !== revisions.get(node.set)) return `the pod ${node.name} of the new revision`;
    return isReady(pod) || (unformed && isRunning(pod)) ? undefined : whyNotReady(pod);
  };
  if (together) {
    progress(`replacing ${names(outdated)} at once, as they would not understand each other in between`);
    for (const pod of present.values()) await pods.replace(pod);
    return; // whoever forms them waits for them
  }
  const serving = outdated.filter(({ name }) => isServing(present.get(name)));
  const broken = outdated.filter((node) => !serving.includes(node));
  const roles = await steps.all(
    "role",
    serving.filter(({ kind }) => kind === "redis"),
    () => ({}),
  );
  const place = (node: RolloutNode) => (node.kind === "sentinel" ? 2 : roles.get(node.name)?.primary === true ? 1 : 0);
  const order = [...broken, ...serving.toSorted((a, b) => place(a) - place(b))];
  for (const [index, node] of order.entries()) {
    const waiting = order.slice(index).map(({ name }) => name);
    const others = nodes.filter(
      ({ name }) => !waiting.includes(name) || (!broken.includes(node) && name !== node.name),
    );
    for (const other of others) {
      await pods.wait(other.name, (pod) => (isReady(pod) ? undefined : whyNotReady(pod)), signal);
    }
    const before = await pods.pod(node.name);
    progress(`replacing ${node.name} (${index + 1} of ${order.length})`);
    // Also one that was a replica when it was asked: another may have failed over meanwhile. For replicas it is nothing.
    if (hasReplicas(node, steps)) await steps.one("hand-over", node, {});
    if (before) await pods.replace(before);
    // What did not serve before may have to be formed first, by who comes after.
    await pods.wait(node.name, isBack(node, before, broken.includes(node)), signal);
    if (broken.includes(node)) await steps.one("answering", node, {});
    else if (node.kind === "redis") await steps.one("rejoined", node, {});
  }
}

async function podsOf(nodes: readonly RolloutNode[], pods: NodePods): Promise<Map<string, V1Pod>> {
  const found = await Promise.all(nodes.map(async ({ name }) => [name, await pods.pod(name)] as const));
  return new Map(found.flatMap(([name, pod]) => (pod ? [[name, pod] as const] : [])));
}

function hasReplicas(node: RolloutNode, steps: Steps): boolean {
  const server = steps.nodeOf(node);
  return isClusterNode(server) || watchOf(server) !== undefined;
}

function isServing(pod: V1Pod | undefined): boolean {
  return pod !== undefined && isReady(pod);
}

function names(nodes: readonly RolloutNode[]): string {
  return nodes.map(({ name }) => name).join(", ");
}
