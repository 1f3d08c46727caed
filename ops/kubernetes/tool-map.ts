import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { V1ConfigMap, V1Job } from "@kubernetes/client-node";
import { type KubernetesApi, KubernetesError } from "./api.ts";
import { launcherFile, runnerLabel, toolFile } from "./job-manifest.ts";

const toolLabel = "hearth.tool";

/** Node starts this; what it starts is as small as a ConfigMap must be. */
const launcher = `const { gunzipSync } = require("node:zlib");
const { readFileSync, writeFileSync } = require("node:fs");
const tool = "/tmp/job.mjs";
writeFileSync(tool, gunzipSync(readFileSync(__dirname + "/${toolFile}")));
import(tool);
`;

let known: V1ConfigMap | undefined;

/** The ConfigMap with the tool of this version; its name says which. */
function toolMap(): V1ConfigMap {
  if (known !== undefined) return known;
  const packed = readFileSync(packedTool()).toString("base64");
  const digest = createHash("sha256").update(launcher).update(packed).digest("hex").slice(0, 10);
  known = {
    apiVersion: "v1",
    kind: "ConfigMap",
    immutable: true,
    metadata: {
      name: `hearth-tool-${digest}`,
      labels: { [toolLabel]: digest, "app.kubernetes.io/managed-by": "hearth" },
    },
    data: { [launcherFile]: launcher },
    binaryData: { [toolFile]: packed },
  };
  return known;
}

/** Beside the tool's own folder; for one that runs from its sources, as in tests, that of the last build. */
function packedTool(): string {
  const own = dirname(fileURLToPath(import.meta.url));
  const dist = own.endsWith(join("ops", "kubernetes")) ? join(own, "..", "..", "dist") : join(own, "..");
  const { job } = JSON.parse(readFileSync(join(dist, "hearth.json"), "utf8")) as { job?: string };
  if (job === undefined) throw new Error(`${dist} holds no tool for Kubernetes: npm run build`);
  return join(dist, job);
}

/** Puts the tool into a namespace, where it is not there yet. Returns the ConfigMap's name. */
export async function ensureTool(api: KubernetesApi, namespace: string, signal?: AbortSignal): Promise<string> {
  const map = toolMap();
  const name = String(map.metadata?.name);
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const selector = { labelSelector: `${toolLabel}=${map.metadata?.labels?.[toolLabel]}`, limit: "1" };
  // Its text need not be fetched to know that it is there.
  if (await api.exists(maps, selector, signal)) return name;
  await api.create(maps, map, signal).catch((error) => {
    if (!(error instanceof KubernetesError && error.code === 409)) throw error;
  });
  return name;
}

/** Takes the tool out of a namespace, unless a Job is there. Of every version: who needs one puts it there again. */
export async function removeTool(api: KubernetesApi, namespace: string): Promise<void> {
  const labelSelector = `${runnerLabel}=true`;
  const jobs = await api.list<V1Job>(`/apis/batch/v1/namespaces/${namespace}/jobs`, { labelSelector });
  const active = jobs.filter(
    ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.completionTime === undefined,
  );
  if (active.length > 0) return;
  await api.delete(`/api/v1/namespaces/${namespace}/configmaps?${new URLSearchParams({ labelSelector: toolLabel })}`);
}
