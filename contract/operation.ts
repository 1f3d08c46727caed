import * as z from "zod";

/**
 * The border between a dynamic resource and the bundled tool: JSON requests on stdin, one a line, JSON lines on
 * stdout, nothing on argv but the word `operation`. Requests are worked on side by side; the tool ends when stdin has
 * ended and all are answered.
 */
export const operationRequestSchema = z.object({
  /** Comes back in every line about this request. */
  seq: z.number().int().min(0).default(0),
  /** Which operation: a key of `cli/operations.ts`. */
  operation: z.string(),
  /** What Pulumi asks of the resource. */
  action: z.enum(["check", "create", "read", "update", "delete"]),
  /** Pulumi's id of the resource; empty before `create`. */
  id: z.string().default(""),
  /** The inputs asked for (`check`, `create`, `update`), or the last known outputs (`read`, `delete`). */
  inputs: z.record(z.string(), z.unknown()),
  /** `check`, `update`: what was there before; empty at first. */
  olds: z.record(z.string(), z.unknown()).default({}),
  /** Ends the operation when this process is gone: the engine that asked for it. `stdin`: when stdin has ended. */
  parent: z.union([z.number().int().positive(), z.literal("stdin")]).optional(),
  /** Milliseconds after which the tool gives up by itself, with what is still missing. */
  deadlineMs: z.number().int().positive(),
});

/** Another line that stdin may have: ends the work on a request, which is answered as after its deadline. */
export const operationCancelSchema = z.object({ seq: z.number().int().min(0), cancel: z.string() });

export type OperationRequest = z.infer<typeof operationRequestSchema>;

/** One line of the tool's stdout. The last line about a request is a result or an error. */
export type OperationLine = { readonly seq: number } & (
  | { readonly progress: string }
  | { readonly result: OperationResult }
  | { readonly error: OperationError }
);

export interface OperationResult {
  /** The resource's id. `read`: empty when the resource is gone. */
  readonly id?: string;
  /** Outputs besides the inputs, which are always echoed. A key `drift` makes the next `up` update the resource. */
  readonly outputs?: Record<string, unknown>;
  /** `check`: what is wrong with the inputs, by property. */
  readonly failures?: readonly { readonly property: string; readonly reason: string }[];
}

export interface OperationError {
  /** For people: what failed, with what, and the likely fix. Never holds a secret. */
  readonly message: string;
  /**
   * Set when the operation had effects before it failed: the resource then exists under this id, with
   * these outputs, and the next `up` updates it instead of creating a second one.
   */
  readonly id?: string;
  readonly outputs?: Record<string, unknown>;
}

/** What a handler is given besides its request. */
export interface OperationContext {
  /** Aborted at the deadline, on SIGINT and SIGTERM, and when `parent` is gone: stop, clean up, reject. */
  readonly signal: AbortSignal;
  /** One line for people; the tool forwards at most one a second, the last one always. */
  progress(message: string): void;
}

/** What a handler is asked. */
export type HandlerRequest = Omit<OperationRequest, "seq">;

/** An operation of the tool: idempotent, and safe to run again after it was killed. */
export type OperationHandler = (
  request: Omit<OperationRequest, "seq">,
  context: OperationContext,
) => Promise<OperationResult>;

/** A failure after effects: the resource exists, in part. */
export class OperationFailure extends Error {
  readonly id: string;
  readonly outputs: Record<string, unknown>;

  constructor(message: string, id: string, outputs: Record<string, unknown> = {}) {
    super(message);
    this.name = "OperationFailure";
    this.id = id;
    this.outputs = outputs;
  }
}
