import { createHash } from "node:crypto";
import { probeSeconds } from "../../../contract/health-script.ts";
import { byEffect } from "../directives/effect.ts";
import { exporterCommand, exporterOwner } from "../exporters.ts";
import type { KubernetesPlan } from "../kubernetes.ts";
import type { TopologyPlan } from "../topology.ts";
import { handsOver, scriptsOf } from "./config-data.ts";
import { labelsOf, type Manifest, type Owner, ownLabels, setLabels } from "./manifest.ts";
import { hostOf } from "./nodes.ts";
import { dataMount, exporterFolder, podPaths } from "./paths.ts";
import { handOverSeconds } from "./prestop-script.ts";
import { primaryNames } from "./primary-names.ts";
import { scriptCommand } from "./scripts.ts";
import { metricsPort, podsService } from "./services.ts";
import type { NodeSet } from "./sets.ts";

/** Seconds that a server has to save what it holds, besides handing over. */
const saveSeconds = 60;
/** Bytes that a sentinel, and an exporter, may use. */
const smallMemory = 64 * 1024 ** 2;

/** What the pods of a set read: names of objects. */
export const configName = (set: string) => `${set}-config`;
export const secretName = (set: string) => `${set}-secret`;
export const exporterSecretName = (set: string) => `${set}-exporter`;

/**
 * A StatefulSet. Nothing replaces its pods but the order of changes (OnDelete): the operation "rollout" decides whose turn
 * it is. All start at once: whether they form a topology is not the StatefulSet's business.
 */
export function statefulSet(owner: Owner, plan: TopologyPlan, set: NodeSet, target: KubernetesPlan): Manifest {
  const [first] = set.nodes;
  if (first === undefined) throw new Error(`${set.name} has no node`);
  const selector = setLabels(owner, plan, set.name);
  const labels = {
    ...labelsOf(owner, plan),
    ...selector,
    "hearth.kind": set.kind,
    "hearth.shard": `${set.shard}`,
  };
  return {
    ...{ apiVersion: "apps/v1", kind: "StatefulSet" },
    metadata: {
      ...{ name: set.name, namespace: owner.namespace, labels: labelsOf(owner, plan) },
      // Pods are ready when they form a topology, which comes afterwards and has a resource of its own.
      annotations: { "pulumi.com/skipAwait": "true" },
    },
    spec: {
      ...{ serviceName: podsService(set.name), replicas: set.nodes.length, selector: { matchLabels: selector } },
      ...{ podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } },
      template: {
        metadata: { labels, annotations: { "hearth.restart": restartHash(plan, set) } },
        spec: podSpec(owner, plan, set, target),
      },
      ...(target.storage !== undefined && {
        volumeClaimTemplates: [claim(target, set, ownLabels(owner, plan))],
        // A StatefulSet that is replaced finds its data again.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      }),
    },
  };
}

/**
 * Changes with what only a restart brings, and with nothing else: made of the plan, not of other objects, so that a
 * changed password or a directive that is set live replaces no pod.
 */
function restartHash(plan: TopologyPlan, { nodes }: NodeSet): string {
  const addressOf = (name: string) => ({ host: name, port: 0 });
  const parts = nodes.map((node) => [
    byEffect(node.kind, node.directives).restart,
    plan.tls?.mutual ?? "plain",
    scriptsOf(plan, node, podPaths, addressOf),
  ]);
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

function podSpec(owner: Owner, plan: TopologyPlan, set: NodeSet, target: KubernetesPlan) {
  const { uid, gid } = target.owner;
  return {
    ...{ automountServiceAccountToken: false, enableServiceLinks: plan.topology === "cluster" },
    terminationGracePeriodSeconds: handOverSeconds + saveSeconds,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: uid, runAsGroup: gid, fsGroup: gid, fsGroupChangePolicy: "OnRootMismatch" },
      seccompProfile: { type: "RuntimeDefault" },
    },
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart(owner, plan, set)] } },
    topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
      ...{ maxSkew: 1, topologyKey, whenUnsatisfiable: "ScheduleAnyway" },
      labelSelector: { matchLabels: { ...ownLabels(owner, plan), "hearth.kind": set.kind } },
    })),
    containers: [server(plan, set, target), ...(target.exporters ? [exporter(plan, set, target)] : [])],
    volumes: [
      { name: "config", configMap: { name: configName(set.name), defaultMode: 0o444 } },
      { name: "secret", secret: { secretName: secretName(set.name), defaultMode: 0o440 } },
      ...(target.exporters
        ? [{ name: "exporter", secret: { secretName: exporterSecretName(set.name), defaultMode: 0o440 } }]
        : []),
      ...(target.storage === undefined ? [{ name: "data", emptyDir: {} }] : []),
    ],
  };
}

/** No two nodes of a shard, and no two sentinels, on one machine, where there are enough. */
function apart(owner: Owner, plan: TopologyPlan, set: NodeSet) {
  const matchLabels = setLabels(owner, plan, set.name);
  return { weight: 100, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels } } };
}

/** What a container may do under Pod Security `restricted`. */
export const closed = {
  ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, privileged: false },
  capabilities: { drop: ["ALL"] },
};

function server(plan: TopologyPlan, { kind, nodes: [first] }: NodeSet, target: KubernetesPlan) {
  if (first === undefined) throw new Error("a set has no node");
  const memory = `${kind === "sentinel" ? smallMemory : target.memoryLimit}`;
  const probe = (state: "live" | "ready") => ({
    exec: { command: scriptCommand(podPaths, "health", state) },
    timeoutSeconds: probeSeconds + 1,
  });
  return {
    ...{ name: kind, image: target.image, command: scriptCommand(podPaths, "start") },
    env: [{ name: "HEARTH_NODE", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    ports: [
      { name: kind, containerPort: first.port, protocol: "TCP" },
      ...(first.busPort === undefined ? [] : [{ name: "bus", containerPort: first.busPort, protocol: "TCP" }]),
    ],
    resources: {
      requests: { cpu: kind === "sentinel" ? "20m" : target.cpu, memory },
      limits: { memory, ...(kind === "redis" && target.cpuLimit !== undefined && { cpu: target.cpuLimit }) },
    },
    // It answers while it loads: ten minutes are for a disk that is slow to come.
    startupProbe: { ...probe("live"), periodSeconds: 2, failureThreshold: 300 },
    livenessProbe: { ...probe("live"), periodSeconds: 10, failureThreshold: 6 },
    readinessProbe: { ...probe("ready"), periodSeconds: 5, failureThreshold: 2 },
    ...(handsOver(plan, first) && {
      lifecycle: { preStop: { exec: { command: scriptCommand(podPaths, "preStop") } } },
    }),
    securityContext: closed,
    volumeMounts: [
      { name: "config", mountPath: podPaths.config, readOnly: true },
      { name: "secret", mountPath: podPaths.secret, readOnly: true },
      { name: "data", mountPath: dataMount },
    ],
  };
}

/** Beside the server, which it reaches over loopback: a name of every node's certificate. */
function exporter({ tls }: TopologyPlan, { nodes: [first] }: NodeSet, { exporterImage }: KubernetesPlan) {
  const address = { host: "127.0.0.1", port: first?.port ?? 0 };
  const watched = { address, tls: tls !== undefined, mutual: tls?.mutual ?? false };
  const memory = `${smallMemory}`;
  return {
    ...{ name: "exporter", image: exporterImage, args: exporterCommand(metricsPort, watched, exporterFolder) },
    ports: [{ name: "metrics", containerPort: metricsPort, protocol: "TCP" }],
    // By being asked it reads its password again: after a rotation the file is another, and the pod the same.
    ...(readsAgain(exporterImage) && {
      livenessProbe: { httpGet: { path: "/-/reload", port: "metrics" }, periodSeconds: 30, failureThreshold: 4 },
    }),
    resources: { requests: { cpu: "10m", memory }, limits: { memory } },
    securityContext: { ...closed, runAsUser: exporterOwner.uid, runAsGroup: exporterOwner.gid },
    volumeMounts: [{ name: "exporter", mountPath: exporterFolder, readOnly: true }],
  };
}

/** Whether an image is redis_exporter 1.50 or later, as far as its tag tells. */
function readsAgain(image: string): boolean {
  const [, major = 0, minor = 0] = (/:v?(\d+)\.(\d+)/.exec(image) ?? []).map(Number);
  return major > 1 || (major === 1 && minor >= 50);
}

function claim({ storage, storageClass }: KubernetesPlan, { kind }: NodeSet, labels: Record<string, string>) {
  // What a sentinel keeps fits anywhere; less than this many classes do not give.
  const size = kind === "sentinel" ? 1024 ** 3 : storage;
  return {
    metadata: { name: "data", labels },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storageClass !== undefined && { storageClassName: storageClass }),
      resources: { requests: { storage: `${size}` } },
    },
  };
}

/** Every name of a node: its certificate holds them. The first is how all others call it. */
export function namesOf(node: string, plan: Pick<TopologyPlan, "name" | "topology">, namespace: string): string[] {
  const names = (name: string) => [hostOf(name, namespace), name, `${name}.${namespace}`];
  const local = `${hostOf(node, namespace)}.cluster.local`;
  return [
    ...names(node),
    local,
    ...names(plan.name),
    ...primaryNames(plan, namespace),
    "127.0.0.1",
    "localhost",
    "::1",
  ];
}
