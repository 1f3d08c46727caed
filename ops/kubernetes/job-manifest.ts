import type { V1Job, V1PodSpec, V1Secret } from "@kubernetes/client-node";
import { defaultDemoImage } from "../../contract/demo-image.ts";
import type { KubernetesRunner } from "../../contract/kubernetes.ts";
import { demoContainer, demoVolume } from "./demo-container.ts";

/** `nobody` nearly everywhere; and nobody needs to know the number. */
const user = 65534;
/** Where the tool, and what it is asked, lie in the pod. */
export const toolFolder = "/hearth/tool";
export const requestFolder = "/hearth/request";
/** The files in them. */
export const launcherFile = "run.cjs";
export const toolFile = "job.mjs.gz";
export const requestFile = "requests";
/** On everything that a runner makes. */
export const runnerLabel = "hearth.runner";

/** What the tool may use at most: the warmer takes a quarter of it. */
const memory = { request: "128Mi", limit: "512Mi" };
/** Seconds that a Job outlives its end, if whoever asked for it is gone. */
const keptSeconds = 300;
/** Seconds more than the request has: its own clock is to end it. */
const spareSeconds = 30;
/** Seconds that the tool has to clean up, more than it takes (cli/operation.ts). */
const graceSeconds = 10;

/** What a Job is made of. */
export interface JobPlan {
  readonly name: string;
  readonly runner: KubernetesRunner;
  /** Name of the ConfigMap with the tool. */
  readonly tool: string;
  readonly deadlineMs: number;
  /** Pods that do the same request, each knowing its index. */
  readonly completions: number;
  /** Whether rows are the demo's: a database beside the tool. */
  readonly demo?: boolean;
}

/**
 * The one-off Job: as Pod Security `restricted` wants it, without an account at the API server. It ends by itself, and is
 * removed by the cluster, also when nobody looks any more. A pod that the cluster took away (a drain, a preemption) is
 * made again, since every operation may run twice; one that failed by itself is not.
 */
export function jobOf({ name, runner, tool, deadlineMs, completions, demo = false }: JobPlan): V1Job {
  const labels = { ...runner.labels, [runnerLabel]: "true", "app.kubernetes.io/managed-by": "hearth" };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: runner.namespace, labels },
    spec: {
      ...(completions > 1 && { completionMode: "Indexed", completions, parallelism: completions }),
      backoffLimit: 0,
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
      },
      activeDeadlineSeconds: Math.ceil(deadlineMs / 1000) + spareSeconds,
      ttlSecondsAfterFinished: keptSeconds,
      template: { metadata: { labels }, spec: podOf(name, runner, tool, demo) },
    },
  };
}

const closed = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

function podOf(name: string, { image, demoImage }: KubernetesRunner, tool: string, demo: boolean): V1PodSpec {
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(demo && { initContainers: [demoContainer(demoImage ?? defaultDemoImage, closed)] }),
    containers: [
      {
        name: "tool",
        image,
        imagePullPolicy: "IfNotPresent",
        command: ["node", `${toolFolder}/${launcherFile}`],
        securityContext: closed,
        resources: { requests: { cpu: "50m", memory: memory.request }, limits: { memory: memory.limit } },
        volumeMounts: [
          { name: "tool", mountPath: toolFolder, readOnly: true },
          { name: "request", mountPath: requestFolder, readOnly: true },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "tool", configMap: { name: tool } },
      { name: "request", secret: { secretName: name, defaultMode: 0o440 } },
      { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
      ...(demo ? [demoVolume] : []),
    ],
  };
}

/** What the Job is asked: gone with it, however it goes. */
export function requestOf(job: V1Job, requests: string): V1Secret {
  const { name, namespace, uid, labels } = job.metadata ?? {};
  const owner = { apiVersion: "batch/v1", kind: "Job", name: String(name), uid: String(uid) };
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    immutable: true,
    metadata: {
      ...(name && { name }),
      ...(namespace && { namespace }),
      ...(labels && { labels }),
      ownerReferences: [owner],
    },
    stringData: { [requestFile]: requests },
  };
}
