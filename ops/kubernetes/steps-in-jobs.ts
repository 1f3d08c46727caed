import type { OperationContext } from "../../contract/operation.ts";
import type { NodeState, RolloutNode } from "../../contract/rollout.ts";
import { configName, type Node } from "../node.ts";
import { stepRequest } from "../redis-node.ts";
import type { Step, StepInputs, StepOutputs } from "../steps.ts";
import { resultOf } from "./answers.ts";
import type { ClusterRunner } from "./cluster-runner.ts";

/** Where a node's own files are, in its pod. */
const folder = "/data/node";

/** What is done with nodes over connections, in Jobs: one Job for a step with any number of nodes. */
export class Steps {
  readonly #runner: ClusterRunner;
  readonly #until: number;
  readonly #context: OperationContext;
  readonly #known: Readonly<Record<string, NodeState>>;

  /** @param known of the nodes, by their names: the logins that they were last given */
  constructor(
    runner: ClusterRunner,
    known: Readonly<Record<string, NodeState>>,
    deadlineMs: number,
    context: OperationContext,
  ) {
    this.#runner = runner;
    this.#known = known;
    this.#until = performance.now() + deadlineMs;
    this.#context = context;
  }

  nodeOf(node: RolloutNode): Node {
    const { set: _, ...server } = node;
    const previous = this.#known[node.name]?.login;
    return {
      ...server,
      ...(previous && { previous }),
      folder,
      configFile: `${folder}/${configName(node.kind)}`,
      logFile: "",
    };
  }

  /** Does a step with each node, side by side; the results by the nodes' names. The first that fails is thrown. */
  async all<S extends Step>(
    step: S,
    nodes: readonly RolloutNode[],
    asked: (node: RolloutNode) => StepInputs[S],
  ): Promise<Map<string, StepOutputs[S]>> {
    const deadlineMs = Math.max(1000, Math.round(this.#until - performance.now()));
    const requests = nodes.map((node) => ({
      action: "update" as const,
      inputs: stepRequest(step, this.nodeOf(node), asked(node)),
      deadlineMs,
    }));
    const outcomes = await this.#runner.runAll("redis-node", requests, this.#context);
    return new Map(
      nodes.map((node, index) => [node.name, resultOf(outcomes[index]).outputs as unknown as StepOutputs[S]]),
    );
  }

  /** Does a step with one node. */
  async one<S extends Step>(step: S, node: RolloutNode, asked: StepInputs[S]): Promise<StepOutputs[S]> {
    return (await this.all(step, [node], () => asked)).get(node.name) as StepOutputs[S];
  }
}
