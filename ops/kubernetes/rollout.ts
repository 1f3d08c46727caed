import { randomBytes } from "node:crypto";
import type { V1Pod } from "@kubernetes/client-node";
import * as z from "zod";
import { withDirectives } from "../../contract/nodes.ts";
import {
  type HandlerRequest,
  type OperationContext,
  OperationFailure,
  type OperationHandler,
  type OperationResult,
} from "../../contract/operation.ts";
import { type NodeState, nodeStateSchema, type RolloutNode, rolloutSchema } from "../../contract/rollout.ts";
import type { Answer } from "../answer.ts";
import { wanted } from "../applied.ts";
import { apiOf, clusterRunner } from "./cluster-runner.ts";
import { changeLiveOn } from "./live-changes.ts";
import { instanceOf, NodePods, revisionOf } from "./node-pods.ts";
import { Steps } from "./steps-in-jobs.ts";
import { inTurns } from "./turns.ts";

const id = "rollout";
const stateSchema = z.record(z.string(), nodeStateSchema);

/**
 * The operation `rollout`: changed directives are set live, then pods that are not of their StatefulSet's latest revision
 * are replaced: replicas first, each until it is back and in step, then the primaries, which hand over before, then the
 * sentinels. Never two at once.
 *
 * Outputs `instances` and `dataIds`, in the order of the nodes, and `state`.
 */
export const rollout: OperationHandler = async (request, context) => {
  if (request.action === "check" || request.action === "delete") return {};
  if (request.action === "read") return await look(request);
  const known = stateSchema.safeParse(request.olds.state).data ?? {};
  try {
    return await roll(request, known, context);
  } catch (error) {
    // Pods may be others by now: the next `up` goes on from here.
    const outputs = { state: known, drift: "the last rollout did not come to its end" };
    throw request.action === "create" ? error : new OperationFailure((error as Error).message, id, outputs);
  }
};

async function roll(
  request: HandlerRequest,
  known: Readonly<Record<string, NodeState>>,
  context: OperationContext,
): Promise<OperationResult> {
  const { runner, nodes } = parse(request.inputs);
  const pods = new NodePods(apiOf(runner.kubernetes), runner.namespace, nodes);
  const steps = new Steps(clusterRunner(runner), known, request.deadlineMs, context);
  const revisions = await pods.revisions(context.signal);
  const present = await Promise.all(nodes.map(async (node) => [node, await pods.pod(node.name)] as const));
  const isOld = (node: RolloutNode, pod: V1Pod | undefined) =>
    pod !== undefined && revisionOf(pod) !== revisions.get(node.set);
  const old = new Set(present.filter(([node, pod]) => isOld(node, pod)).map(([{ name }]) => name));
  // What replaces a pod brings its directives with it.
  const staying = nodes.filter(({ name }) => !old.has(name));
  const { restart, together } = await changeLiveOn(staying, known, steps);
  for (const name of restart) old.add(name);
  const outdated = nodes.filter(({ name }) => old.has(name));
  if (outdated.length > 0) await inTurns({ nodes, outdated, revisions, together }, pods, steps, context);
  return { id, outputs: await outputsOf(nodes, known, pods, steps, context) };
}

/** What is there, for refresh. */
async function look({ id, inputs }: HandlerRequest): Promise<OperationResult> {
  const { runner, nodes } = parse(inputs);
  const known = stateSchema.safeParse(inputs.state).data ?? {};
  const pods = new NodePods(apiOf(runner.kubernetes), runner.namespace, nodes);
  if ((await pods.sets()).size === 0) return { id: "" };
  const found = await Promise.all(nodes.map(({ name }) => pods.pod(name)));
  const others = nodes.filter(({ name }, index) => {
    const pod = found[index];
    return (
      pod?.metadata === undefined ||
      pod.metadata.deletionTimestamp !== undefined ||
      instanceOf(pod) !== known[name]?.instance
    );
  });
  if (others.length === 0) return { id };
  return { id, outputs: { drift: `other pods, or started again: ${others.map(({ name }) => name).join(", ")}` } };
}

async function outputsOf(
  nodes: readonly RolloutNode[],
  known: Readonly<Record<string, NodeState>>,
  pods: NodePods,
  steps: Steps,
  { signal }: OperationContext,
): Promise<Record<string, unknown>> {
  const running = (pod: V1Pod) => (/\/.+/.test(instanceOf(pod)) ? undefined : `the start of its container`);
  const found = await Promise.all(nodes.map(({ name }) => pods.wait(name, running, signal)));
  const started = nodes.filter(({ name }, index) => instanceOf(found[index] as V1Pod) !== known[name]?.instance);
  const answers = await steps.all("answering", started, () => ({}));
  const state = await Promise.all(
    nodes.map(async (node, index): Promise<[string, NodeState]> => {
      const pod = found[index] as V1Pod;
      const claim = await pods.claimOf(pod);
      const before = known[node.name];
      const dataId = dataIdOf(before, claim, answers.get(node.name));
      return [
        node.name,
        {
          ...{ instance: instanceOf(pod), dataId, ...(claim && { claim }), applied: wanted(steps.nodeOf(node)) },
          login: { username: node.username, password: node.password, tls: node.tls },
        },
      ];
    }),
  );
  return {
    instances: state.map(([, { instance }]) => instance),
    dataIds: state.map(([, { dataId }]) => dataId),
    state: Object.fromEntries(state),
  };
}

/** As ops/data-id.ts: a new one for another volume, and for a server that was started and came up as an empty primary. */
function dataIdOf(before: NodeState | undefined, claim: string | undefined, answer: Answer | undefined): string {
  const lost = answer?.emptyPrimary === true;
  const moved = before?.claim !== claim;
  if (before !== undefined && !lost && !moved) return before.dataId;
  return randomBytes(8).toString("hex");
}

function parse(inputs: Record<string, unknown>) {
  const { nodes, secrets } = inputs;
  // They are inputs apart, so that a preview shows all else.
  const known = (secrets ?? {}) as Readonly<Record<string, Record<string, unknown>>>;
  const whole = Array.isArray(nodes) ? nodes.map((node) => withDirectives({ ...node, ...known[node.name] })) : nodes;
  return rolloutSchema.parse({ ...inputs, nodes: whole });
}
