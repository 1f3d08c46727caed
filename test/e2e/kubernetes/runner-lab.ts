import { readFileSync } from "node:fs";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { KubernetesRunner } from "../../../contract/kubernetes.ts";
import type { ImageName } from "../../support/docker.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { images, kubernetes } from "../../support/kubernetes.ts";
import { until } from "../../support/wait.ts";

export const password = "pa-ss-of-the-nodes";
export const sourcePassword = "pa-ss-of-the-rows";
export const port = 6379;

/** Labels by which a NetworkPolicy would let runners in. */
const labels = { "hearth.test": "runner" };

/** How the servers of a namespace are reached, given the cluster that tests use. */
export function runnerIn(namespace: string): KubernetesRunner {
  return { kubernetes: { kubeconfig: String(process.env.KUBECONFIG) }, namespace, image: images.node, labels };
}

/** The text of the cluster's kubeconfig, which is a secret. */
export const kubeconfigText = () => readFileSync(String(process.env.KUBECONFIG), "utf8");

/**
 * A Redis server behind a Service; only pods reach it.
 * @param more of its options, as `--maxmemory`, `1gb`
 */
export async function startRedis(
  namespace: string,
  more: readonly string[] = [],
): Promise<{ host: string; endpoint: Endpoint }> {
  const command = ["redis-server", "--requirepass", password, "--save", "", "--protected-mode", "no", ...more];
  await startServer(namespace, "redis", { image: "redis", command, uid: 999, port, mount: "/data" });
  const host = `redis.${namespace}.svc`;
  return { host, endpoint: { topology: "standalone", nodes: [{ host, port }], database: 0, password } };
}

/** PostgreSQL behind a Service. */
export async function startPostgresPod(namespace: string): Promise<{ url: string }> {
  const env = [
    { name: "POSTGRES_PASSWORD", value: sourcePassword },
    { name: "PGDATA", value: "/pg/data" },
  ];
  await startServer(namespace, "postgres", { image: "postgres", env, uid: 998, port: 5432, mount: "/pg" });
  return { url: `postgresql://postgres:${sourcePassword}@postgres.${namespace}.svc:5432/postgres` };
}

interface Server {
  readonly image: ImageName;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly uid: number;
  readonly port: number;
  readonly mount: string;
}

async function startServer(namespace: string, name: string, { image, command, env, uid, port, mount }: Server) {
  const metadata = { name, namespace, labels: { app: name } };
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: uid, fsGroup: uid, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "main",
          image: images[image],
          imagePullPolicy: "IfNotPresent",
          ...(command && { args: command }),
          ...(env && { env }),
          readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          volumeMounts: [{ name: "data", mountPath: mount }],
        },
      ],
      volumes: [{ name: "data", emptyDir: {} }],
    },
  };
  const service: KubeObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { selector: { app: name }, ports: [{ port, protocol: "TCP" }] },
  };
  await Promise.all([kubernetes().apply(pod, "hearth-test"), kubernetes().apply(service, "hearth-test")]);
  const isReady = async () =>
    ((await kubernetes().get(pod))?.status?.conditions as { type: string; status: string }[] | undefined)?.some(
      ({ type, status }) => type === "Ready" && status === "True",
    );
  await until(`pod ${name} is ready`, isReady, 90_000);
}

/** What runners have made in a namespace and not taken away again: Jobs, Secrets and pods. */
export async function left(namespace: string): Promise<string[]> {
  const found = await Promise.all([
    kubernetes().list("batch/v1", "Job", namespace, "hearth.runner"),
    kubernetes().list("v1", "Secret", namespace, "hearth.runner"),
    kubernetes().list("v1", "Pod", namespace, "hearth.runner"),
  ]);
  return found.flat().map(({ metadata }) => String(metadata.name));
}

/** The ConfigMaps with the tool. */
export async function tools(namespace: string): Promise<KubeObject[]> {
  return kubernetes().list("v1", "ConfigMap", namespace, "hearth.tool");
}
