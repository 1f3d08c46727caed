import { createHash } from "node:crypto";
import type { Tls } from "../../../contract/endpoint.ts";
import type { PrimaryProxySettings } from "../../../contract/primary.ts";
import type { KubernetesPlan } from "../kubernetes.ts";
import { resolveSecret, type Secrets } from "../secrets.ts";
import type { PlannedNode, TopologyPlan } from "../topology.ts";
import { labelsOf, type Manifest, type Owner } from "./manifest.ts";
import { type Admitted, clientsOf, dnsPorts, membersOf, tcp } from "./network-policy.ts";
import { hostOf } from "./nodes.ts";
import { primaryLabels, primaryService } from "./primary-names.ts";
import type { NodeSet } from "./sets.ts";
import { closed } from "./stateful-set.ts";

/** As whom the proxies ask: who reads figures, and no key. */
const user = "exporter";
/** Where they say whether they lead to a primary. */
const probePort = 8080;
/** Of clients, at each of the proxies. */
const maxConnections = 1000;
const leave = { acceptMs: 3_000, deadlineMs: 20_000 };
/** What a pod needs to end after the last connection. */
const spareSeconds = 10;

const folders = { config: "/hearth/config", secret: "/hearth/secret" } as const;
const files = { program: "primary.mjs", settings: "settings.json" } as const;
const secretFiles = { password: "password", ca: "ca.crt", cert: "client.crt", key: "client.key" } as const;

/** The objects by which clients that know no Sentinel reach the primary, but for the Secret. */
export interface PrimaryManifests {
  readonly surroundings: readonly Manifest[];
  readonly deployment: Manifest;
}

/**
 * Proxies (proxy/) that lead to the primary and nowhere else, and the Service that leads to them: docs/kubernetes.md says
 * why no Service can do without.
 *
 * @param program text of the proxy, one file
 */
export function primaryManifests(
  owner: Owner,
  plan: TopologyPlan,
  sets: readonly NodeSet[],
  target: KubernetesPlan,
  program: string,
  admitted: Admitted = {},
): PrimaryManifests {
  const name = primaryService(plan);
  const { namespace } = owner;
  const labels = labelsOf(owner, plan);
  const selector = primaryLabels(owner, plan);
  const { port } = nodeOf(plan, "redis");
  const data = { [files.program]: program, [files.settings]: `${JSON.stringify(settingsOf(owner, plan), null, 2)}\n` };
  const metadata = { name, namespace, labels };
  const policy = {
    podSelector: { matchLabels: selector },
    policyTypes: ["Ingress", "Egress"],
    // The kubelet is always let in: nobody else needs the probes. An empty list would be everybody.
    ingress: admits(target, admitted) ? [{ from: clientsOf(target, admitted), ports: tcp([port]) }] : [],
    egress: [
      { to: [membersOf(owner, plan, sets)], ports: tcp([port, nodeOf(plan, "sentinel").port]) },
      { ports: dnsPorts },
    ],
  };
  return {
    surroundings: [
      { ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" }, metadata, spec: policy },
      {
        ...{ apiVersion: "v1", kind: "Service" },
        // There are no pods to lead to before the Deployment, which comes afterwards.
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: { type: "ClusterIP", selector, ports: [{ name: "redis", port, targetPort: port, protocol: "TCP" }] },
      },
      {
        ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
        ...{ metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } },
      },
      { ...{ apiVersion: "v1", kind: "ConfigMap" }, metadata: { ...metadata, name: configName(name) }, data },
    ],
    deployment: {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata },
      spec: {
        ...{ replicas: 2, selector: { matchLabels: selector } },
        // A new one serves before an old one goes.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels: { ...labels, ...selector }, annotations: { "hearth.restart": hashOf(data) } },
          spec: podSpec(name, selector, port, target),
        },
      },
    },
  };
}

/** What the proxies log in with, and how they speak TLS with sentinels and servers. */
export function primarySecret(
  owner: Owner,
  plan: TopologyPlan,
  { secrets, client }: { readonly secrets: Secrets; readonly client?: Tls },
): Manifest {
  const stringData = {
    [secretFiles.password]: resolveSecret({ secret: user }, secrets),
    ...(plan.tls && { [secretFiles.ca]: client?.ca ?? "" }),
    ...(plan.tls?.mutual && { [secretFiles.cert]: client?.cert ?? "", [secretFiles.key]: client?.key ?? "" }),
  };
  return {
    ...{ apiVersion: "v1", kind: "Secret", type: "Opaque" },
    metadata: {
      ...{ name: primarySecretName(plan), namespace: owner.namespace, labels: labelsOf(owner, plan) },
    },
    stringData,
  };
}

/** Name of that Secret. */
export function primarySecretName(plan: Pick<TopologyPlan, "name">): string {
  return `${primaryService(plan)}-secret`;
}

function configName(name: string): string {
  return `${name}-config`;
}

function nodeOf({ nodes }: TopologyPlan, kind: PlannedNode["kind"]): PlannedNode {
  const found = nodes.find((node) => node.kind === kind);
  if (found === undefined) throw new Error(`the plan has no ${kind}`);
  return found;
}

function settingsOf({ namespace }: Owner, plan: TopologyPlan): PrimaryProxySettings {
  const { monitor, tls } = plan;
  if (monitor === undefined) throw new Error(`${plan.name} has no sentinels`);
  const { directives } = nodeOf(plan, "sentinel");
  const time = (name: string) => Number(directives[`sentinel ${name} ${monitor.masterName}`]);
  const at = (file: keyof typeof secretFiles) => `${folders.secret}/${secretFiles[file]}`;
  return {
    listen: { port: nodeOf(plan, "redis").port },
    probes: { port: probePort },
    masterName: monitor.masterName,
    sentinels: plan.nodes
      .filter(({ kind }) => kind === "sentinel")
      .map(({ name, port }) => ({ host: hostOf(name, namespace), port })),
    leaseMs: Math.min(3_000, Math.floor(0.6 * time("down-after-milliseconds"))),
    failoverTimeoutMs: time("failover-timeout"),
    login: { user, passwordFile: at("password") },
    ...(tls && { tls: { ca: at("ca"), ...(tls.mutual && { cert: at("cert"), key: at("key") }) } }),
    ...{ maxConnections, leave },
  };
}

function podSpec(name: string, labels: Record<string, string>, port: number, target: KubernetesPlan) {
  const { uid, gid } = target.owner;
  const labelSelector = { matchLabels: labels };
  const apart = { weight: 100, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector } };
  const probe = (path: string) => ({ httpGet: { path, port: probePort }, timeoutSeconds: 2 });
  return {
    ...{ automountServiceAccountToken: false, enableServiceLinks: false },
    terminationGracePeriodSeconds: leave.deadlineMs / 1000 + spareSeconds,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: uid, runAsGroup: gid, fsGroup: gid },
      seccompProfile: { type: "RuntimeDefault" },
    },
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway", labelSelector },
    ],
    containers: [
      {
        ...{ name: "proxy", image: target.runnerImage },
        command: ["node", `${folders.config}/${files.program}`, `${folders.config}/${files.settings}`],
        ports: [
          { name: "redis", containerPort: port, protocol: "TCP" },
          { name: "probes", containerPort: probePort, protocol: "TCP" },
        ],
        resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
        startupProbe: { ...probe("/live"), periodSeconds: 1, failureThreshold: 60 },
        livenessProbe: { ...probe("/live"), periodSeconds: 10, failureThreshold: 6 },
        readinessProbe: { ...probe("/ready"), periodSeconds: 1, failureThreshold: 1 },
        securityContext: closed,
        volumeMounts: [
          { name: "config", mountPath: folders.config, readOnly: true },
          { name: "secret", mountPath: folders.secret, readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: "config", configMap: { name: configName(name), defaultMode: 0o444 } },
      { name: "secret", secret: { secretName: `${name}-secret`, defaultMode: 0o440 } },
    ],
  };
}

function admits({ clients }: KubernetesPlan, admitted: Admitted): boolean {
  return clients.length > 0 || (admitted.clients ?? []).length > 0;
}

function hashOf(data: unknown): string {
  return createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, 16);
}
