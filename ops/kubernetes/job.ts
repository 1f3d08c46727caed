import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import type { KubernetesRunner } from "../../contract/kubernetes.ts";
import type { HandlerRequest, OperationContext } from "../../contract/operation.ts";
import { RunnerUnavailable } from "../runner/unavailable.ts";
import { reasonOf } from "../wait.ts";
import { Answers, interrupted, type Outcome } from "./answers.ts";
import { type KubernetesApi, KubernetesError } from "./api.ts";
import { jobOf, requestOf } from "./job-manifest.ts";
import { PodLog } from "./pod-log.ts";
import { hasEnded, hasStarted, howEnded, type Trouble, troubleOf } from "./pod-trouble.ts";
import { ensureTool } from "./tool-map.ts";

/** Milliseconds between two looks: while pods start, and while they work and their logs tell. */
const startingMs = 150;
const workingMs = 1000;
/** Milliseconds after which it is looked why a pod has not started, and again. */
const lateMs = 2000;
/** Milliseconds that a tool which was told to stop is listened to: less than its caller has for cleaning up. */
const lastWordsMs = 4000;

/** What is asked of a Job. */
export interface JobAsked {
  /** For its name. */
  readonly operation: string;
  /** All at once, side by side. */
  readonly requests: readonly HandlerRequest[];
  /** Pods, each of which does all requests. @default 1 */
  readonly completions?: number;
  readonly deadlineMs: number;
}

/**
 * Has the tool answer requests in a Job, and hands their progress on. Resolves to the answers: of each pod in the order of
 * the requests. What was made is removed, however it ends.
 * @throws RunnerUnavailable when no pod can be had, with what the cluster says about it
 */
export async function runJob(
  api: KubernetesApi,
  runner: KubernetesRunner,
  asked: JobAsked,
  context: OperationContext,
): Promise<Outcome[][]> {
  const { namespace } = runner;
  const { operation, requests, completions = 1, deadlineMs } = asked;
  const name = `hearth-${operation}-${randomBytes(4).toString("hex")}`;
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const answers = new Answers(requests.length, completions, context);
  try {
    const tool = await ensureTool(api, namespace, context.signal);
    const demo = requests.some(({ inputs }) => operation === "warm" && inputs.source === "demo");
    const plan = { name, runner, tool, deadlineMs, completions, demo };
    const job = await api.create<V1Job>(jobs, jobOf(plan), context.signal);
    // Its pod waits for it. A Secret that came first would stay if this process were killed now.
    const lines = requests.map((request, seq) => JSON.stringify({ ...request, seq })).join("\n");
    await api.create(`/api/v1/namespaces/${namespace}/secrets`, requestOf(job, lines), context.signal);
    return await new JobWatch(api, runner, name, answers, context).end();
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    context.signal.throwIfAborted();
    throw new RunnerUnavailable(
      `no Job could be run in the namespace ${namespace}, where the nodes are: ${error.message}`,
    );
  } finally {
    await removeJob(api, namespace, name).catch(() => {}); // it goes by itself later
  }
}

/** With all that belongs to it, at once: the cluster's own collector takes its time. */
async function removeJob(api: KubernetesApi, namespace: string, name: string): Promise<void> {
  const objects = `/api/v1/namespaces/${namespace}`;
  await api.delete(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`, { propagationPolicy: "Background" });
  await Promise.all([
    api.delete(`${objects}/secrets/${name}`),
    api.delete(`${objects}/pods?${new URLSearchParams({ labelSelector: `job-name=${name}` })}`),
  ]);
}

/** Looks after a Job's pods until all have answered, or will not. */
class JobWatch {
  readonly #api: KubernetesApi;
  readonly #runner: KubernetesRunner;
  readonly #name: string;
  readonly #answers: Answers;
  readonly #context: OperationContext;
  readonly #logs = new Map<string, PodLog>();
  readonly #over = new AbortController();
  readonly #began = performance.now();
  #lookedAt = 0;

  constructor(api: KubernetesApi, runner: KubernetesRunner, name: string, answers: Answers, context: OperationContext) {
    this.#api = api;
    this.#runner = runner;
    this.#name = name;
    this.#answers = answers;
    this.#context = context;
  }

  async end(): Promise<Outcome[][]> {
    const { signal } = this.#context;
    let missing = "its pod";
    try {
      while (!this.#answers.complete) {
        if (signal.aborted) return await this.#stopped(missing);
        missing = await this.#look().catch((error) => {
          // An API server that is away for a moment is no reason to give up what goes on.
          if (error instanceof KubernetesError && (error.code === 0 || error.code >= 500)) return error.message;
          throw error;
        });
        const ms = missing === "" ? workingMs : startingMs;
        await Promise.race([pause(ms, undefined, { signal }).catch(() => {}), this.#answers.whenComplete]);
      }
      return this.#answers.all();
    } finally {
      this.#over.abort();
    }
  }

  /** One look at the pods; returns what is still missing for them to work. */
  async #look(): Promise<string> {
    const pods = await this.#pods();
    for (const pod of pods.filter(hasStarted)) this.#read(pod);
    if (pods.some(hasEnded)) await this.#judge(pods);
    const working = pods.filter((pod) => hasStarted(pod) || hasEnded(pod)).length;
    if (working >= this.#answers.completions) return "";
    const trouble = await this.#trouble(pods);
    if (trouble?.hopeless) throw new RunnerUnavailable(this.#said(`no pod has started: ${trouble.what}`));
    if (trouble) this.#context.progress(`waiting for a pod of the Job ${this.#name}: ${trouble.what}`);
    return trouble?.what ?? (pods.length === 0 ? "its pod" : "the start of its pod");
  }

  #pods(): Promise<V1Pod[]> {
    const labelSelector = `job-name=${this.#name}`;
    return this.#api.list<V1Pod>(`/api/v1/namespaces/${this.#runner.namespace}/pods`, { labelSelector });
  }

  #read(pod: V1Pod): void {
    const name = String(pod.metadata?.name);
    const index = Number(pod.metadata?.annotations?.["batch.kubernetes.io/job-completion-index"] ?? 0);
    const hear = (line: string) => this.#answers.hear(index, line);
    const log = this.#logs.get(name) ?? new PodLog(this.#api, this.#runner.namespace, name, hear);
    this.#logs.set(name, log);
    log.read(hasEnded(pod), this.#over.signal);
  }

  /** Throws when the Job has ended, and nothing more will be said. */
  async #judge(pods: readonly V1Pod[]): Promise<void> {
    const job = await this.#api.find<V1Job>(`/apis/batch/v1/namespaces/${this.#runner.namespace}/jobs/${this.#name}`);
    const over = job?.status?.conditions?.find(
      ({ type, status }) => ["Failed", "Complete", "FailureTarget"].includes(type) && status === "True",
    );
    if (job !== undefined && over === undefined) return;
    const ended = pods.filter(hasEnded);
    const logs = ended.map((pod) => this.#logs.get(String(pod.metadata?.name)));
    // What has started and ended is read to its end first.
    if (ended.some((pod, index) => hasStarted(pod) && logs[index]?.complete !== true)) return;
    if (this.#answers.complete) return;
    const failed = ended.findIndex((pod) => pod.status?.phase === "Failed");
    const pod = ended[Math.max(0, failed)];
    const said = logs[Math.max(0, failed)]?.rest ?? "";
    const how = job === undefined ? "was removed by somebody" : pod === undefined ? "failed" : howEnded(pod);
    const why = this.#said(`${how} before it had answered${said === "" ? "" : `; it said: ${said}`}`);
    const neverRan = pod !== undefined && !hasStarted(pod);
    throw neverRan ? new RunnerUnavailable(why) : new Error(why);
  }

  /** Why pods have not started, looked at once a second when it takes long. */
  async #trouble(pods: readonly V1Pod[]): Promise<Trouble | undefined> {
    const waitedMs = performance.now() - this.#began;
    if (waitedMs < lateMs || performance.now() - this.#lookedAt < 1000) return troubleOf(pods, [], waitedMs);
    this.#lookedAt = performance.now();
    // A pod that waits for the tool: somebody else may have removed it.
    await ensureTool(this.#api, this.#runner.namespace).catch(() => {});
    const names = [this.#name, ...pods.map(({ metadata }) => String(metadata?.name))];
    const path = `/api/v1/namespaces/${this.#runner.namespace}/events`;
    const events = await Promise.all(
      names.slice(0, 5).map((name) =>
        // Who may not see events is told what the pods themselves tell.
        this.#api.list<CoreV1Event>(path, { fieldSelector: `involvedObject.name=${name}` }).catch(() => []),
      ),
    );
    return troubleOf(pods, events.flat(), waitedMs);
  }

  /** Ends the pods, and hears what they have to say to that. */
  async #stopped(missing: string): Promise<Outcome[][]> {
    const { namespace } = this.#runner;
    const { signal } = this.#context;
    await removeJob(this.#api, namespace, this.#name);
    if (this.#logs.size > 0) await Promise.race([this.#answers.whenComplete, pause(lastWordsMs)]);
    if (!this.#answers.complete) {
      const what = missing === "" ? "its answer" : missing;
      throw new Error(this.#said(`${reasonOf(signal)}; still missing: ${what}`));
    }
    return this.#answers.all((message) => message.replace(interrupted, reasonOf(signal)));
  }

  #said(what: string): string {
    return `the Job ${this.#name} in the namespace ${this.#runner.namespace}, with the image ${this.#runner.image}: ${what}`;
  }
}
