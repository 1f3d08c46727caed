import { uniqueName } from "../docker.ts";
import { kubernetes } from "../kubernetes.ts";
import { clean } from "../kubernetes-plugin/diff.ts";
import type { TestStack } from "../stack.ts";
import { ApiError, isNamespaced, type KubeObject } from "./api.ts";

/** What is wrong with a manifest; each with the object's kind and name. */
type Complaint = string;

interface PodTemplate {
  readonly metadata?: { readonly labels?: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

/**
 * What the API server has against manifests: fields that it does not know, values that it refuses, what it warns of, and
 * pods that Pod Security `restricted` does not let run. Nothing is made.
 *
 * @param namespace one that enforces `restricted`, as tests' namespaces do
 */
export async function complaintsAbout(manifests: readonly KubeObject[], namespace: string): Promise<Complaint[]> {
  const found = await Promise.all(manifests.map((manifest) => about(placed(manifest, namespace))));
  return found.flat();
}

/** The manifests of all Kubernetes objects that a stack has made or a preview would, out of its state. */
export async function manifestsOf(stack: TestStack): Promise<KubeObject[]> {
  const { deployment } = JSON.parse(await stack.succeed("stack", "export", "--show-secrets"));
  const resources: { type: string; inputs: Record<string, unknown> }[] = deployment.resources ?? [];
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => clean(plain(inputs)) as unknown as KubeObject);
}

async function about(manifest: KubeObject): Promise<Complaint[]> {
  const told = [await dryRun(manifest)];
  const template = templateOf(manifest);
  if (template) {
    const { metadata, spec } = template;
    const { namespace } = manifest.metadata;
    // Of a workload's template the server only warns; of the pod itself it refuses what is not allowed.
    const volumes = [spec.volumes ?? [], claimed(manifest)].flat();
    told.push(
      await dryRun({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: uniqueName("check"), namespace: namespace ?? "default", labels: metadata?.labels ?? {} },
        spec: { ...spec, volumes },
      }),
    );
  }
  return told.flat().map((complaint) => `${manifest.kind} ${manifest.metadata.name}: ${complaint}`);
}

async function dryRun(manifest: KubeObject): Promise<string[]> {
  try {
    return [...(await kubernetes().apply(manifest, "hearth-test-check", { dryRun: true, force: true })).warnings];
  } catch (error) {
    if (error instanceof ApiError) return [error.message];
    throw error;
  }
}

function templateOf({ kind, spec }: KubeObject): PodTemplate | undefined {
  return ["StatefulSet", "Deployment", "Job"].includes(kind) ? (spec?.template as PodTemplate) : undefined;
}

/** Volumes that a StatefulSet's pods get for its claims. */
function claimed({ spec }: KubeObject): object[] {
  const claims = (spec?.volumeClaimTemplates ?? []) as { metadata: { name: string } }[];
  return claims.map(({ metadata: { name } }) => ({ name, persistentVolumeClaim: { claimName: name } }));
}

/** In the test's namespace, under a name that is free there, so that nothing that exists makes a difference. */
function placed(manifest: KubeObject, namespace: string): KubeObject {
  const { labels, annotations, name = manifest.kind.toLowerCase() } = manifest.metadata;
  const metadata = { name, ...(labels && { labels }), ...(annotations && { annotations }) };
  return isNamespaced(manifest.kind)
    ? { ...manifest, metadata: { ...metadata, namespace } }
    : { ...manifest, metadata };
}

/** Values of a state without the marks of secrets. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("plaintext" in value && Object.keys(value).some((key) => /^[0-9a-f]{32}$/.test(key))) {
    return plain(JSON.parse(String(value.plaintext)));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
