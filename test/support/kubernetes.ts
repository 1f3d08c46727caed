import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { runningCluster } from "../../scripts/bootstrap/kubernetes-cluster.mjs";
import { importImages } from "../../scripts/bootstrap/kubernetes-images.mjs";
import { alone } from "../../scripts/bootstrap/own-lock.mjs";
import { recipes } from "../../scripts/bootstrap/test-images/recipes.mjs";
import { images as dockerImages, type ImageName, ready as inDocker, uniqueName } from "./docker.ts";
import { testLabel } from "./docker-leftovers.ts";
import { type KubeObject, KubernetesApi } from "./kubernetes/api.ts";
import { gone } from "./kubernetes-plugin/await.ts";
import { isRequired } from "./required.ts";

/** The one-node cluster, where tests run on it and not on one that KUBECONFIG names. */
export const ownCluster = ownIfUsed();

function ownIfUsed() {
  const own = runningCluster();
  if (!own) return undefined;
  process.env.KUBECONFIG ||= own.kubeconfig;
  return process.env.KUBECONFIG === own.kubeconfig ? own : undefined;
}

/** Why there is no Kubernetes for tests here; undefined where there is. */
export const whyNoKubernetes = await askCluster();

async function askCluster(): Promise<string | undefined> {
  const why = process.env.HEARTH_NO_KUBERNETES;
  if (why) return why;
  if (!process.env.KUBECONFIG) return "KUBECONFIG is not set: node scripts/bootstrap/kubernetes.mjs start";
  try {
    await KubernetesApi.of().request("GET", "/version");
    return undefined;
  } catch (error) {
    return `no cluster answers at KUBECONFIG=${process.env.KUBECONFIG}: ${error instanceof Error ? error.message : error}`;
  }
}

/** Images of the tests by the names that the cluster has them by: Docker's own, or the public ones. */
export const images = Object.fromEntries(
  Object.entries(dockerImages).map(([name, image]) => [name, ownCluster ? image : (recipes[image]?.official ?? image)]),
) as Record<ImageName, string>;

/** The cluster's API server. */
export function kubernetes(): KubernetesApi {
  api ??= KubernetesApi.of();
  return api;
}
let api: KubernetesApi | undefined;

/**
 * `describe` for tests that need Kubernetes and these images. Without it they are skipped by name, or fail where
 * HEARTH_REQUIRE says kubernetes. The body gets the name of a namespace of its own, which is there before its tests and
 * gone after them; Pod Security `restricted` is enforced in it.
 */
export function kubernetesTest(
  name: string,
  body: (namespace: string) => void,
  needed: readonly ImageName[] = ["redis"],
): void {
  if (isRequired("kubernetes") && whyNoKubernetes !== undefined) {
    describe(name, () => {
      it("has Kubernetes", () => {
        throw new Error(`HEARTH_REQUIRE=${process.env.HEARTH_REQUIRE}, but ${whyNoKubernetes}`);
      });
    });
    return;
  }
  const title = whyNoKubernetes === undefined ? name : `${name} (skipped: ${whyNoKubernetes})`;
  describe.skipIf(whyNoKubernetes !== undefined)(title, () => {
    const namespace = uniqueName("hearth-test");
    beforeAll(async () => {
      await ready(...needed);
      await makeNamespace(namespace);
    }, 900_000);
    afterAll(() => removeNamespace(namespace));
    body(namespace);
  });
}

/** Waits until the cluster can run pods of these images: on the one-node cluster they come from the Docker engine. */
export async function ready(...needed: readonly ImageName[]): Promise<void> {
  if (!ownCluster) return; // it pulls
  await inDocker(...needed);
  const { pid, bin } = ownCluster;
  const names = needed.map((name) => dockerImages[name]);
  await alone(join(tmpdir(), "hearth-kubernetes-images.lock"), () => importImages(pid, bin, names));
}

/** A namespace that is removed by a later run where this one is killed. */
export async function makeNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  const restricted = Object.fromEntries(
    ["enforce", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  const metadata = { name, labels: { [testLabel]: String(process.pid), ...restricted, ...labels } };
  await kubernetes().request("POST", "/api/v1/namespaces", { body: { apiVersion: "v1", kind: "Namespace", metadata } });
}

/** Removes a namespace with all that is in it, and waits for that. */
export async function removeNamespace(name: string): Promise<void> {
  const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  await kubernetes().delete(namespace);
  await gone(kubernetes(), namespace, 120);
}
