import type { Readable } from "node:stream";
import {
  type HandlerRequest,
  type OperationContext,
  type OperationError,
  OperationFailure,
  type OperationLine,
  type OperationResult,
} from "../../contract/operation.ts";
import { reasonOf } from "../wait.ts";

interface Waiting {
  readonly context: OperationContext;
  readonly resolve: (result: OperationResult) => void;
  readonly reject: (error: Error) => void;
}

/** Requests to a tool elsewhere, and its answers: JSON lines, as contract/operation.ts has them. */
export class Conversation {
  readonly #stdin: NodeJS.WritableStream;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #partial = "";

  constructor(stdin: NodeJS.WritableStream, stdout: Readable) {
    this.#stdin = stdin;
    stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#partial + text).split("\n");
      this.#partial = lines.pop() ?? "";
      for (const line of lines) this.#hear(line);
    });
  }

  /** Whether a request is still to be answered. */
  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Asks, and hands the request's progress on. Where the context's signal is aborted the tool is told, with the reason. */
  ask(request: HandlerRequest, context: OperationContext): Promise<OperationResult> {
    const seq = this.#requests++;
    // Of the two clocks that run towards the deadline, ours began first: it tells the tool when it is over.
    const cancel = () => this.#send({ seq, cancel: reasonOf(context.signal) });
    const answer = new Promise<OperationResult>((resolve, reject) => {
      this.#waiting.set(seq, { context, resolve, reject });
      // The tool ends with its stdin, which ends with this process.
      this.#send({ ...request, seq, parent: "stdin" });
      if (context.signal.aborted) cancel();
      else context.signal.addEventListener("abort", cancel, { once: true });
    });
    return answer.finally(() => context.signal.removeEventListener("abort", cancel));
  }

  /** There will be no answers any more. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #send(line: object): void {
    this.#stdin.write(`${JSON.stringify(line)}\n`);
  }

  #hear(text: string): void {
    const line = lineOf(text);
    const asked = this.#waiting.get(line?.seq ?? -1);
    if (line === undefined || asked === undefined) return;
    if ("progress" in line) {
      asked.context.progress(line.progress);
      return;
    }
    this.#waiting.delete(line.seq);
    if ("result" in line) asked.resolve(line.result);
    else asked.reject(errorOf(line.error));
  }
}

/** Undefined for what an image's start scripts say before the tool speaks. */
function lineOf(text: string): OperationLine | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf({ message, id, outputs }: OperationError): Error {
  return id === undefined ? new Error(message) : new OperationFailure(message, id, outputs);
}
