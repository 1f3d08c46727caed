import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import {
  type OperationContext,
  type OperationError,
  type OperationFailure,
  type OperationHandler,
  type OperationLine,
  type OperationRequest,
  type OperationResult,
  operationCancelSchema,
  operationRequestSchema,
} from "../contract/operation.ts";
import { maskWith } from "./mask.ts";

/** Milliseconds that a handler has to clean up after it was told to stop. */
const cleanUpMs = 5000;
/** At most one progress line in this many milliseconds. */
const progressEveryMs = 1000;

/** Operations by their names, loaded when asked for. */
type Operations = Readonly<Record<string, () => Promise<OperationHandler>>>;

/**
 * Answers the requests on stdin with JSON lines on stdout (contract/operation.ts), side by side. Resolves to the exit
 * code when stdin has ended and all are answered: 0 when all have a result.
 */
export async function runOperations(operations: Operations, stdin: Readable = process.stdin): Promise<0 | 1> {
  // The provider may be gone: then nobody reads, and the watch on `parent` ends the work.
  process.stdout.on("error", () => {});
  // Everything that is written belongs to one user: configuration, logs, data.
  process.umask(0o077);
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
  }
  const answers: Promise<boolean>[] = [];
  for await (const line of createInterface(stdin)) {
    if (line.trim() !== "" && !cancels(line)) answers.push(answerLine(line, operations, interrupted.signal));
  }
  for (const stop of stops.values()) stop.stdinEnded();
  if (answers.length === 0) answers.push(answerLine("", operations, interrupted.signal));
  return (await Promise.all(answers)).every(Boolean) ? 0 : 1;
}

/** What ends the work on each request that is not answered yet, by its `seq`. */
const stops = new Map<number, Stop>();

/** Whether the line ends the work on a request before it. */
function cancels(text: string): boolean {
  if (!text.includes('"cancel"')) return false;
  const { data } = operationCancelSchema.safeParse(parseJson(text));
  if (data === undefined) return false;
  stops.get(data.seq)?.abort(data.cancel);
  return true;
}

/** True when the request has a result. Never rejects. */
async function answerLine(text: string, operations: Operations, interrupted: AbortSignal): Promise<boolean> {
  let last: OperationLine;
  try {
    const request = readRequest(text);
    last = { seq: request.seq, ...(await answer(request, operations, interrupted)) };
  } catch (error) {
    last = { seq: 0, error: { message: messageOf(error) } };
  }
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(last)}\n`, resolve));
  return "result" in last;
}

type Answer = { readonly result: OperationResult } | { readonly error: OperationError };

async function answer(request: OperationRequest, operations: Operations, interrupted: AbortSignal): Promise<Answer> {
  const mask = maskWith(request.inputs, request.olds);
  const load = operations[request.operation];
  if (!load) {
    const known = Object.keys(operations).join(", ");
    return { error: { message: `operation: "${request.operation}" is unknown; this version of hearth has ${known}` } };
  }
  const stop = stopOf(request);
  stops.set(request.seq, stop);
  const signal = AbortSignal.any([stop.signal, interrupted]);
  const progress = progressLines(request.seq, mask);
  const context: OperationContext = { signal, progress: progress.add };
  try {
    const handler = await handlerOf(request, load);
    return { result: await withCleanUpLimit(handler(request, context), signal) };
  } catch (error) {
    const message = mask(messageOf(error));
    if (!isOperationFailure(error)) return { error: { message } };
    return { error: { message, id: error.id, outputs: error.outputs } };
  } finally {
    stop.forget();
    stops.delete(request.seq);
    progress.flush();
  }
}

/** Where the inputs name a runner, it may work elsewhere. */
async function handlerOf({ operation, inputs }: OperationRequest, load: () => Promise<OperationHandler>) {
  if (inputs.runner === undefined) return load();
  const { throughRunner } = await import("../ops/runner/dispatch.ts");
  return throughRunner(operation, load);
}

/** By its name: a handler may come from a bundle of its own, with a class of its own. */
function isOperationFailure(error: unknown): error is OperationFailure {
  return error instanceof Error && error.name === "OperationFailure";
}

interface Stop {
  readonly signal: AbortSignal;
  abort(reason: string): void;
  stdinEnded(): void;
  forget(): void;
}

/** Aborted at the deadline, and when the process that asked is gone. */
function stopOf(request: OperationRequest): Stop {
  const controller = new AbortController();
  const abort = (reason: string) => controller.abort(new Error(reason));
  const seconds = request.deadlineMs / 1000;
  const deadline = setTimeout(() => abort(`the deadline of ${seconds} s has passed`), request.deadlineMs);
  const { parent } = request;
  const watch = setInterval(() => {
    if (typeof parent === "number" && !exists(parent)) abort(`process ${parent}, which asked for this, is gone`);
  }, 250);
  watch.unref();
  const forget = () => {
    clearTimeout(deadline);
    clearInterval(watch);
  };
  const stdinEnded = () => {
    if (parent === "stdin") abort("whoever asked for this is gone");
  };
  return { signal: controller.signal, abort, stdinEnded, forget };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's, but there
  }
}

/** Gives up on a handler that does not end within its time to clean up. */
async function withCleanUpLimit<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const given = new Promise<never>((_, reject) => {
    const start = () => {
      const reason = messageOf(signal.reason);
      timer = setTimeout(
        () => reject(new Error(`${reason}; cleaning up took longer than ${cleanUpMs / 1000} s`)),
        cleanUpMs,
      );
    };
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { once: true });
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    clearTimeout(timer);
  }
}

/** At most one line a second; what came in between is dropped but for the latest, which is always said. */
function progressLines(seq: number, mask: (text: string) => string): { add(message: string): void; flush(): void } {
  let saidAt = Number.NEGATIVE_INFINITY;
  let pending: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const say = () => {
    clearTimeout(timer);
    timer = undefined;
    if (pending === undefined) return;
    const line: OperationLine = { seq, progress: mask(pending) };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    pending = undefined;
    saidAt = performance.now();
  };
  const add = (message: string) => {
    pending = message;
    const wait = saidAt + progressEveryMs - performance.now();
    if (wait <= 0) say();
    else timer ??= setTimeout(say, wait).unref();
  };
  return { add, flush: say };
}

function readRequest(text: string): OperationRequest {
  const json = parseJson(text);
  if (json === undefined) {
    throw new Error(
      "stdin: not a request in JSON on one line; `hearth operation` is for Hearth's own Pulumi resources, see hearth --help",
    );
  }
  const request = operationRequestSchema.safeParse(json);
  if (request.success) return request.data;
  const problems = request.error.issues.map((issue) => `${issue.path.join(".") || "request"}: ${issue.message}`);
  throw new Error(`not a request that this version of hearth understands: ${problems.join("; ")}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An error in words. A zod error becomes one line for each property, without the values. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!("issues" in error) || !Array.isArray(error.issues)) return error.message;
  return error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n");
}
