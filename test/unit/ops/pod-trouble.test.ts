import type { CoreV1Event, V1ContainerState, V1Pod } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { hasEnded, hasStarted, howEnded, troubleOf, whyStuck } from "../../../ops/kubernetes/pod-trouble.ts";

/** Milliseconds after which nobody hopes any more, and before that. */
const [soon, late] = [500, 60_000];

function pod(state: V1ContainerState, more: { restartCount?: number; status?: V1Pod["status"] } = {}): V1Pod {
  const { restartCount = 0, status } = more;
  const container = { name: "tool", image: "node", imageID: "", ready: false, restartCount, state };
  return { status: { containerStatuses: [container], ...status } };
}
const waiting = (reason: string, message?: string) => ({ waiting: { reason, ...(message && { message }) } });
function event(reason: string, message: string, more: Partial<CoreV1Event> = {}): CoreV1Event {
  return { type: "Warning", reason, message, metadata: {}, involvedObject: {}, ...more };
}
const unscheduled: V1Pod = {
  status: {
    conditions: [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes: Insufficient cpu." },
    ],
  },
};

it("says nothing of pods that are on their way", () => {
  expect(troubleOf([], [], late)).toBeUndefined();
  expect(troubleOf([pod(waiting("ContainerCreating"))], [], late)).toBeUndefined();
  expect(troubleOf([pod({ running: {} })], [event("Failed", "an earlier pull")], late)).toBeUndefined();
  // What other reasons say, and what is no warning, is no matter here.
  const pending = [pod(waiting("ContainerCreating"))];
  expect(troubleOf(pending, [event("Unhealthy", "probe failed")], late)).toBeUndefined();
  expect(troubleOf(pending, [event("Failed", "fine", { type: "Normal" })], late)).toBeUndefined();
});

it("a Job without a pod: what its controller was refused, given up when no pod can be expected", () => {
  const events = [event("FailedCreate", "exceeded quota: pods")];
  const what = "no pod could be made: FailedCreate: exceeded quota: pods";
  expect(troubleOf([], events, soon)).toEqual({ what, hopeless: false });
  expect(troubleOf([], events, late)).toEqual({ what, hopeless: true });
});

it.each([
  ["ImagePullBackOff", "Back-off pulling image"],
  ["ErrImageNeverPull", undefined],
  ["InvalidImageName", 'couldn\'t parse "Upper"'],
  ["CreateContainerConfigError", "secret not found"],
  ["RunContainerError", "exec: node: not found"],
])("%s will not pass by itself", (reason, message) => {
  const what = message ? `${reason}: ${message}` : reason;
  expect(whyStuck(pod(waiting(reason, message)))).toBe(what);
  expect(troubleOf([pod({ running: {} }), pod(waiting(reason, message))], [], soon)).toEqual({ what, hopeless: true });
});

it("a pull that failed once, and a server that crashed twice, may come yet", () => {
  expect(whyStuck(pod(waiting("ErrImagePull", "timeout")))).toBeUndefined();
  expect(whyStuck(pod(waiting("CrashLoopBackOff"), { restartCount: 2 }))).toBeUndefined();
  expect(whyStuck(pod(waiting("CrashLoopBackOff"), { restartCount: 3 }))).toBe("CrashLoopBackOff");
  expect(whyStuck({})).toBeUndefined();
});

it("a pod that no node takes is waited for a while, and for a node that is coming", () => {
  const what = "no node takes the pod (Unschedulable: 0/1 nodes: Insufficient cpu.)";
  expect(troubleOf([unscheduled], [], soon)).toEqual({ what, hopeless: false });
  expect(troubleOf([unscheduled], [], late)).toEqual({ what, hopeless: true });
  const scaling = event("TriggeredScaleUp", "a node more", { type: "Normal" });
  expect(troubleOf([unscheduled], [scaling], late)).toEqual({ what, hopeless: false });
});

it("quotes the last warning of each reason, by whichever of its times is set", () => {
  const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000);
  const events = [
    event("FailedMount", "third", { metadata: { creationTimestamp: at(3) } }),
    event("FailedMount", "first", { lastTimestamp: at(1) }),
    event("BackOff", "beside", { lastTimestamp: at(4) }),
    event("FailedMount", "second", { eventTime: at(2) as never }),
  ];
  const pending = [pod(waiting("ContainerCreating"))];
  const what = "FailedMount: third; BackOff: beside";
  expect(troubleOf(pending, events, soon)).toEqual({ what, hopeless: false });
  expect(troubleOf(pending, events, late)).toEqual({ what, hopeless: true });
});

it("tells a pod that has started, and one that has ended", () => {
  expect([pod({ running: {} }), pod({ terminated: { exitCode: 0 } })].every(hasStarted)).toBe(true);
  expect([pod(waiting("ContainerCreating")), {}].some(hasStarted)).toBe(false);
  const phase = (name: string): V1Pod => ({ status: { phase: name } });
  expect(["Succeeded", "Failed", "Running", "Pending"].map((name) => hasEnded(phase(name)))).toEqual([
    ...[true, true, false, false],
  ]);
});

it.each<[string, V1Pod, string]>([
  ["by itself", pod({ terminated: { exitCode: 1, reason: "Error" } }), "ended (Error 1)"],
  ["without a reason", pod({ terminated: { exitCode: 137 } }), "ended (exit code 137)"],
  ["of memory", pod({ terminated: { exitCode: 137, reason: "OOMKilled" } }), "ran out of memory"],
  [
    "by its cluster",
    pod({ terminated: { exitCode: 137, reason: "Error" } }, { status: { reason: "Evicted", message: "low on disk" } }),
    "ended (Error 137): Evicted: low on disk",
  ],
  ["before it began", { status: { reason: "NodeShutdown", message: "going down" } }, "NodeShutdown: going down"],
  ["nobody knows how", {}, "ended without having started"],
])("how a pod ended: %s", (_, ended, said) => {
  expect(howEnded(ended)).toBe(said);
});

it("an image without node is told by what must be set", () => {
  const message = 'exec: "node": executable file not found in $PATH';
  const ended = pod({ terminated: { exitCode: 128, reason: "StartError", message } });
  expect(howEnded(ended)).toBe(
    `ended (StartError 128) (the image has no node: name one with Node 20 or later: kubernetes.runnerImage, hearth:runnerImage): ${message}`,
  );
});
