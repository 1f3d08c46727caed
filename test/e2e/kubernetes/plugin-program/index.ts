/** One of each type that the stand-in for the Kubernetes provider serves, as Hearth uses them. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("hearth");
const namespace = config.require("namespace");
const image = config.require("image");
const mutable = config.getBoolean("mutable");
const provider = new kubernetes.Provider("cluster", {
  namespace,
  ...(config.get("kubeconfig") && { kubeconfig: config.require("kubeconfig") }),
  ...(mutable !== undefined && { enableConfigMapMutable: mutable, enableSecretMutable: mutable }),
});
const options = { provider };

interface Changes {
  metadata?: object;
  spec?: object;
  data?: Record<string, string>;
  stringData?: object;
}

/** What a test changes, by the resource's name: merged into its arguments. */
const changes = config.getObject<Record<string, Changes>>("changes") ?? {};
const changed = <T extends Changes>(name: string, args: T): T => {
  const { metadata, spec, ...rest } = changes[name] ?? {};
  return {
    ...args,
    ...rest,
    ...((args.metadata || metadata) && { metadata: { ...args.metadata, ...metadata } }),
    ...((args.spec || spec) && { spec: { ...args.spec, ...spec } }),
  };
};

const pods = { app: "redis" };
const securityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
const podSpec = {
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 2,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 999,
    runAsGroup: 999,
    fsGroup: 999,
    seccompProfile: { type: "RuntimeDefault" },
  },
};

const made = new kubernetes.core.v1.Namespace("made", { metadata: { name: `${namespace}-made` } }, options);
new kubernetes.core.v1.ServiceAccount(
  "account",
  { metadata: { name: "account", namespace: made.metadata.name } },
  options,
);
const settings = new kubernetes.core.v1.ConfigMap(
  "settings",
  changed("settings", { data: { "redis.conf": "appendonly yes\n" } }),
  options,
);
const secret = new kubernetes.core.v1.Secret(
  "secret",
  changed("secret", { metadata: { name: "secret" }, stringData: { password: config.requireSecret("password") } }),
  options,
);
new kubernetes.core.v1.Service(
  "headless",
  { metadata: { name: "redis" }, spec: { clusterIP: "None", selector: pods, ports: [{ name: "redis", port: 6379 }] } },
  options,
);
const first = new kubernetes.core.v1.Service(
  "first",
  {
    metadata: { name: "redis-first", annotations: { "pulumi.com/skipAwait": "true" } },
    spec: {
      publishNotReadyAddresses: true,
      selector: { "statefulset.kubernetes.io/pod-name": "redis-0" },
      ports: [{ name: "redis", port: 6379 }],
    },
  },
  options,
);
const set = new kubernetes.apps.v1.StatefulSet(
  "redis",
  changed("redis", {
    metadata: { name: "redis" },
    spec: {
      serviceName: "redis",
      replicas: 2,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: pods },
      template: {
        metadata: { labels: pods, annotations: { revision: config.get("revision") ?? "1" } },
        spec: {
          ...podSpec,
          containers: [
            {
              name: "redis",
              image: config.get("redisImage") ?? image,
              imagePullPolicy: "IfNotPresent",
              command: ["redis-server", "/config/redis.conf", "--dir", "/data", "--protected-mode", "no"],
              ports: [{ name: "redis", containerPort: 6379 }],
              securityContext,
              resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "64Mi" } },
              readinessProbe: { exec: { command: ["redis-cli", "ping"] }, periodSeconds: 1 },
              volumeMounts: [
                { name: "data", mountPath: "/data" },
                { name: "config", mountPath: "/config" },
              ],
            },
          ],
          volumes: [{ name: "config", configMap: { name: settings.metadata.name } }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "16Mi" } } },
        },
      ],
    },
  }),
  { provider, customTimeouts: { create: "60s", update: "20s" } },
);
new kubernetes.core.v1.Service(
  "client",
  changed("client", { metadata: { name: "client" }, spec: { selector: pods, ports: [{ name: "redis", port: 6379 }] } }),
  { provider, dependsOn: set },
);
new kubernetes.policy.v1.PodDisruptionBudget(
  "budget",
  changed("budget", { metadata: { name: "redis" }, spec: { maxUnavailable: 1, selector: { matchLabels: pods } } }),
  options,
);
new kubernetes.networking.v1.NetworkPolicy(
  "policy",
  {
    metadata: { name: "redis" },
    spec: {
      podSelector: { matchLabels: pods },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: { client: "yes" } } }], ports: [{ port: "redis" }] }],
    },
  },
  options,
);
const one = (command: string[], restartPolicy: string) => ({
  ...podSpec,
  restartPolicy,
  containers: [{ name: "main", image, imagePullPolicy: "IfNotPresent", command, securityContext }],
});
new kubernetes.batch.v1.Job(
  "job",
  {
    metadata: { name: "job" },
    spec: { backoffLimit: 0, template: { spec: one(["sh", "-c", config.get("job") ?? "exit 0"], "Never") } },
  },
  options,
);
new kubernetes.apps.v1.Deployment(
  "application",
  changed("application", {
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "application" } },
      template: { metadata: { labels: { app: "application" } }, spec: one(["sleep", "infinity"], "Always") },
    },
  }),
  options,
);
new kubernetes.apiextensions.CustomResource(
  "monitor",
  {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: { name: "redis", namespace },
    spec: { selector: { matchLabels: pods }, endpoints: [{ port: "metrics" }] },
  },
  options,
);
if (config.getBoolean("unserved")) new kubernetes.core.v1.Pod("pod", { spec: one(["true"], "Never") }, options);

export const settingsName = settings.metadata.name;
export const clusterIP = first.spec.clusterIP;
export const password = secret.data;
