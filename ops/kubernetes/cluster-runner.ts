import type { KubernetesRunner } from "../../contract/kubernetes.ts";
import type { HandlerRequest, OperationContext, OperationResult } from "../../contract/operation.ts";
import type { NetworkOperation, Runner, RunnerRequest } from "../runner/on-network.ts";
import { type Outcome, resultOf } from "./answers.ts";
import { KubernetesApi } from "./api.ts";
import { runJob } from "./job.ts";
import { removeTool } from "./tool-map.ts";

/** One API for each cluster and process: a login may be a command that takes a second. */
const apis = new Map<string, KubernetesApi>();

/** The API server of a runner's cluster. */
export function apiOf(inputs: KubernetesRunner["kubernetes"]): KubernetesApi {
  const key = JSON.stringify([inputs.kubeconfig, inputs.context]);
  const known = apis.get(key) ?? new KubernetesApi(inputs);
  apis.set(key, known);
  return known;
}

/** Runs operations in Jobs, in the namespace of the nodes. */
export class ClusterRunner implements Runner {
  readonly where = "cluster";
  readonly #inputs: KubernetesRunner;

  constructor(inputs: KubernetesRunner) {
    this.#inputs = inputs;
  }

  async run(operation: NetworkOperation, request: RunnerRequest, context: OperationContext): Promise<OperationResult> {
    const { shards } = request.inputs;
    if (operation === "warm" && typeof shards === "number" && shards > 1 && writes(request)) {
      const { warmInParts } = await import("./warm-parts.ts");
      return await warmInParts(shards, request, (parts) => this.#ask("warm", parts, context), context);
    }
    const [outcomes] = await this.#ask(operation, { requests: [request] }, context);
    return resultOf(outcomes?.[0]);
  }

  /** Several requests of one operation, side by side in one Job: each answer, in their order. */
  async runAll(
    operation: NetworkOperation,
    requests: readonly RunnerRequest[],
    context: OperationContext,
  ): Promise<readonly Outcome[]> {
    if (requests.length === 0) return [];
    return (await this.#ask(operation, { requests }, context))[0] ?? [];
  }

  /** Takes the tool out of the namespace, unless it is at work. */
  async release(): Promise<void> {
    await removeTool(apiOf(this.#inputs.kubernetes), this.#inputs.namespace);
  }

  #ask(
    operation: NetworkOperation,
    { requests, completions = 1 }: PartsAsked,
    context: OperationContext,
  ): Promise<Outcome[][]> {
    const asked = requests.map((request) => forPod(operation, request));
    const deadlineMs = Math.max(...asked.map((request) => request.deadlineMs));
    return runJob(
      apiOf(this.#inputs.kubernetes),
      this.#inputs,
      { operation, requests: asked, completions, deadlineMs },
      context,
    );
  }
}

/** What a Job is asked: each of so many pods does all requests. */
export interface PartsAsked {
  readonly requests: readonly RunnerRequest[];
  readonly completions?: number;
}

/** The runner of a topology. */
export function clusterRunner(inputs: KubernetesRunner): ClusterRunner {
  return new ClusterRunner(inputs);
}

function writes({ action }: RunnerRequest): boolean {
  return action === "create" || action === "update";
}

/** There, the nodes are reached; who runs the pods, and which process of this machine asks, is none of its business. */
function forPod(operation: NetworkOperation, { id = "", olds = {}, ...request }: RunnerRequest): HandlerRequest {
  const { runner: _, ...inputs } = request.inputs;
  const { runner: __, ...before } = olds;
  const { action, deadlineMs } = request;
  return { operation, id, action, deadlineMs, inputs, olds: before };
}
