import type { CoreV1Event, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/** What keeps a container from ever starting, in the words of the kubelet. */
const hopeless = [
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
];
/** Starts that failed, after which the next will. */
const crashes = 3;
/** Events that tell why a pod does not start; it may still. */
const holdingUp = /^(Failed|BackOff|NetworkNotReady)/;
/** Milliseconds after which a Job without a pod will not get one. */
const noPodMs = 2000;
/** Milliseconds that a pod is given for what may pass: another pod leaves, a volume comes. */
const patienceMs = 20_000;

/** What is in the way of pods that have not started. */
export interface Trouble {
  /** For people, while it is waited. */
  readonly what: string;
  /** Whether waiting longer makes no sense. */
  readonly hopeless: boolean;
}

/**
 * Why a Job's pods have not started, if there is more to say than that it takes a moment.
 * @param events of the Job and its pods
 * @param waitedMs since the Job was made
 */
export function troubleOf(
  pods: readonly V1Pod[],
  events: readonly CoreV1Event[],
  waitedMs: number,
): Trouble | undefined {
  const warnings = latest(events.filter(({ type, reason }) => type === "Warning" && holdingUp.test(reason ?? "")));
  const told = warnings.map(({ reason, message }) => `${reason}: ${message}`).join("; ");
  if (pods.length === 0) {
    if (told === "") return undefined;
    return { what: `no pod could be made: ${told}`, hopeless: waitedMs >= noPodMs };
  }
  const stuck = pods.map(whyStuck).find((why) => why !== undefined);
  if (stuck !== undefined) return { what: stuck, hopeless: true };
  const unplaced = pods
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type, status }) => type === "PodScheduled" && status === "False");
  const scaling = events.some(({ reason }) => reason === "TriggeredScaleUp");
  const late = waitedMs >= patienceMs;
  if (unplaced?.message)
    return { what: `no node takes the pod (${unplaced.reason}: ${unplaced.message})`, hopeless: late && !scaling };
  const started = pods.every(hasStarted);
  return started || told === "" ? undefined : { what: told, hopeless: late };
}

/** What keeps a pod's containers from starting until somebody changes something; undefined where nothing does. */
export function whyStuck(pod: V1Pod): string | undefined {
  // One that goes on beside the tool starts before it.
  const stuck = [...(pod.status?.initContainerStatuses ?? []), ...containersOf(pod)].find(({ state, restartCount }) => {
    const reason = state?.waiting?.reason ?? "";
    return hopeless.includes(reason) || (reason === "CrashLoopBackOff" && restartCount >= crashes);
  });
  if (stuck === undefined) return undefined;
  const { reason, message } = stuck.state?.waiting ?? {};
  return [reason, message].filter(Boolean).join(": ");
}

/** Whether its container runs, or has run. */
export function hasStarted(pod: V1Pod): boolean {
  return containersOf(pod).some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
}

/** Whether its container has ended, or never will start. */
export function hasEnded({ status }: V1Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** How a pod that has ended did so, for people. 137 without a word: SIGKILL. */
export function howEnded(pod: V1Pod): string {
  const { reason: why, message: said } = pod.status ?? {};
  const ended = containersOf(pod).find(({ state }) => state?.terminated)?.state?.terminated;
  if (ended === undefined) return [why ?? "ended without having started", said].filter(Boolean).join(": ");
  const { reason, message, exitCode } = ended;
  const advice = /"node"(:|\\?"?): executable file not found|exec:? "node"/.test(message ?? "")
    ? " (the image has no node: name one with Node 20 or later: kubernetes.runnerImage, hearth:runnerImage)"
    : "";
  const how = reason === "OOMKilled" ? "ran out of memory" : `ended (${reason ?? "exit code"} ${exitCode})`;
  return [how + advice, message, why, said].filter(Boolean).join(": ");
}

function containersOf({ status }: V1Pod): V1ContainerStatus[] {
  return status?.containerStatuses ?? [];
}

/** The last of each reason. */
function latest(events: readonly CoreV1Event[]): CoreV1Event[] {
  const by = new Map<string, CoreV1Event>();
  for (const event of [...events].sort((a, b) => timeOf(a) - timeOf(b))) by.set(event.reason ?? "", event);
  return [...by.values()];
}

function timeOf({ lastTimestamp, eventTime, metadata }: CoreV1Event): number {
  return Date.parse(String(lastTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? 0)) || 0;
}
