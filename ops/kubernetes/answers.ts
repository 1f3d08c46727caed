import type { OperationContext, OperationError, OperationLine, OperationResult } from "../../contract/operation.ts";
import { OperationFailure } from "../../contract/operation.ts";

/** What became of one request. */
export type Outcome = { readonly result: OperationResult } | { readonly error: OperationError };

/** What the tool says of work that its pod's end has ended (cli/operation.ts). */
export const interrupted = "interrupted by SIGTERM";

/** The answers of a Job's pods, as their logs tell them. */
export class Answers {
  readonly completions: number;
  /** Resolves when each pod has answered each request. */
  readonly whenComplete: Promise<void>;
  readonly #requests: number;
  readonly #context: OperationContext;
  readonly #outcomes: Map<number, Outcome>[];
  #resolve: () => void = () => {};

  constructor(requests: number, completions: number, context: OperationContext) {
    this.completions = completions;
    this.#requests = requests;
    this.#context = context;
    this.#outcomes = Array.from({ length: completions }, () => new Map());
    this.whenComplete = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get complete(): boolean {
    return this.#outcomes.every(({ size }) => size === this.#requests);
  }

  /** Takes a line of the pod's log; false when it is none of the tool's answers. */
  hear(index: number, text: string): boolean {
    const line = lineOf(text);
    const outcomes = this.#outcomes[index];
    if (line === undefined || outcomes === undefined) return false;
    if ("progress" in line) {
      const part = this.completions > 1 ? `part ${index + 1} of ${this.completions}: ` : "";
      this.#context.progress(part + line.progress);
      return true;
    }
    // Its pod was taken away: another one is made, and answers.
    if (!this.#context.signal.aborted && text.includes(interrupted)) return true;
    // Of a pod that was made again, the first answer counts.
    if (!outcomes.has(line.seq))
      outcomes.set(line.seq, "result" in line ? { result: line.result } : { error: line.error });
    if (this.complete) this.#resolve();
    return true;
  }

  /** All outcomes: of each pod in the order of the requests. `say` changes the words of errors. */
  all(say: (message: string) => string = (message) => message): Outcome[][] {
    return this.#outcomes.map((outcomes) =>
      Array.from({ length: this.#requests }, (_, seq): Outcome => {
        const outcome = outcomes.get(seq) ?? { error: { message: "no answer" } };
        return "result" in outcome ? outcome : { error: { ...outcome.error, message: say(outcome.error.message) } };
      }),
    );
  }
}

/** The result, or the error thrown. */
export function resultOf(outcome: Outcome | undefined): OperationResult {
  if (outcome === undefined) throw new Error("no answer");
  if ("result" in outcome) return outcome.result;
  const { message, id, outputs } = outcome.error;
  throw id === undefined ? new Error(message) : new OperationFailure(message, id, outputs);
}

/** Undefined for what Node itself, or an image's start scripts, say. */
function lineOf(text: string): OperationLine | undefined {
  try {
    const line = JSON.parse(text);
    return typeof line === "object" && line !== null && typeof line.seq === "number" ? line : undefined;
  } catch {
    return undefined;
  }
}
