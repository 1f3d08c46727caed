// A larger stack: Redis with Sentinel, filled from PostgreSQL, and an application that is not made before the cache is warm.
//
//   npm install hearth @pulumi/pulumi @pulumi/kubernetes
//   pulumi config set shop:namespace shop
//   pulumi config set shop:image team/web:1.4.2
//   pulumi config set --secret shop:database postgresql://reader:...@db.example.org/shop
//   pulumi up
import { createHash } from "node:crypto";
import * as kubernetes from "@pulumi/kubernetes";
import { Config } from "@pulumi/pulumi";
import { CacheWarming, RedisSentinel } from "hearth";

const config = new Config();
const database = config.getSecret("database");
const labels = { app: "web" };
const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
const namespace = config.require("namespace");
const shop = new kubernetes.core.v1.Namespace("shop", { metadata: { name: namespace, labels: restricted } });

const cache = new RedisSentinel(
  "cache",
  {
    target: "kubernetes",
    // Nobody else's pods reach the servers. Images are Hearth's defaults unless they are named.
    kubernetes: { ...config.getObject<object>("kubernetes"), namespace, clients: [{ labels }] },
    memory: "256mb",
    tls: "generated",
  },
  { dependsOn: shop },
);

const warming = new CacheWarming("warming", {
  cache,
  plan: config.get("plan") ?? "meal-planner",
  source: database ? { url: database } : "demo",
  minKeys: 1000,
  minHitRatio: 0.9,
});

/** Who the application is, and where: a file, since an environment is shown by whoever lists processes. */
const login = new kubernetes.core.v1.Secret(
  "web-cache",
  {
    metadata: { name: "web-cache", namespace },
    stringData: {
      // All that a client of any topology needs: ioredis takes sentinels, masterName, username, password, tls.ca from it.
      "endpoint.json": cache.endpoint.apply((endpoint) => JSON.stringify(endpoint)),
      // For clients that know no Sentinel: the Service that leads to the primary, whoever it is.
      host: `cache-primary.${namespace}.svc`,
      password: cache.endpoint.apply(({ password }) => password ?? ""),
      "ca.crt": cache.endpoint.apply(({ tls }) => tls?.ca ?? ""),
    },
  },
  { dependsOn: shop },
);

/** A rotated password is read by pods that are made anew. */
const fingerprint = cache.endpoint.apply((endpoint) =>
  createHash("sha256").update(JSON.stringify(endpoint)).digest("hex").slice(0, 16),
);

const command = config.getObject<string[]>("command");
const web = new kubernetes.apps.v1.Deployment(
  "web",
  {
    metadata: { name: "web", namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "shop/cache": fingerprint } },
        spec: {
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            fsGroup: 1000,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "web",
              image: config.require("image"),
              ...(command && { command }),
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              // The application is asked whether it has its cache: a rollout that cannot reach it does not go on.
              readinessProbe: { exec: { command: config.getObject<string[]>("ready") ?? ["/app/ready"] } },
              volumeMounts: [{ name: "cache", mountPath: "/cache", readOnly: true }],
            },
          ],
          volumes: [{ name: "cache", secret: { secretName: "web-cache", defaultMode: 0o440 } }],
        },
      },
    },
  },
  // Not before the cache is proven warm; and its login must be there.
  { dependsOn: [warming, login] },
);

export const report = warming.report;
export const ready = web.status.readyReplicas;
