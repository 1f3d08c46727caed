import type { HandlerRequest, OperationContext, OperationHandler, OperationResult } from "../../contract/operation.ts";

/**
 * The operations that speak to the nodes of a topology, and need nothing else of this machine: they run wherever the
 * nodes can be reached. Loaded when asked for.
 */
export const networkOperations = {
  formation: async () => (await import("../formation.ts")).formation,
  readiness: async () => {
    // Warming comes next: it is loaded while Redis gets ready.
    setTimeout(() => void import("../warm.ts"), 100).unref();
    return (await import("../readiness.ts")).readiness;
  },
  exporters: async () => (await import("../exporters.ts")).exporters,
  "redis-node": async () => (await import("../redis-node.ts")).redisNode,
  warm: async () => (await import("../warm.ts")).warm,
} as const satisfies Record<string, () => Promise<OperationHandler>>;

export type NetworkOperation = keyof typeof networkOperations;

/** What a runner is asked: a request of the tool's, without what only its own process knows. */
export type RunnerRequest = Pick<HandlerRequest, "action" | "inputs" | "deadlineMs"> &
  Partial<Pick<HandlerRequest, "id" | "olds">>;

/** Runs operations where the nodes of a topology can be reached. */
export interface Runner {
  /** `container`: of Docker; `cluster`: in pods on Kubernetes. */
  readonly where: "here" | "container" | "cluster";
  /** As the operation's own handler, with the same results, progress and errors. */
  run(operation: NetworkOperation, request: RunnerRequest, context: OperationContext): Promise<OperationResult>;
}
