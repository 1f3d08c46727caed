import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { complaintsAbout, manifestsOf } from "../../support/kubernetes/manifests.ts";
import { defineMonitoring } from "../../support/kubernetes/monitoring-crds.ts";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { processesIn } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** Whichever provider plugin this machine has, by a program that uses it as Hearth does: they must agree on all this. */
kubernetesTest("the Kubernetes provider", (namespace) => {
  const password = "s3cret-of-the-stack";
  let stack: TestStack;

  beforeAll(async () => {
    await defineMonitoring();
    const config = { namespace, image: images.redis };
    stack = await new TestStack(config, join(import.meta.dirname, "plugin-program")).init();
    await stack.setSecret("password", password);
    await stack.up();
  }, 240_000);
  afterAll(() => stack.end());

  const get = async (kind: string, name: string, apiVersion = "v1"): Promise<KubeObject> => {
    const found = await kubernetes().get({ apiVersion, kind, metadata: { name, namespace } });
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found;
  };
  const podIds = async () =>
    (await kubernetes().list("v1", "Pod", namespace, "app=redis")).map(({ metadata }) => metadata.uid);
  const output = (name: string) => stack.succeed("stack", "output", name, "--show-secrets").then((text) => text.trim());
  const change = (changes: object) => stack.set({ changes: JSON.stringify(changes) });

  it("makes each kind as asked, and waits until it is ready", async () => {
    expect((await get("StatefulSet", "redis", "apps/v1")).status).toMatchObject({ readyReplicas: 2 });
    expect((await get("Job", "job", "batch/v1")).status).toMatchObject({ succeeded: 1 });
    expect((await get("Endpoints", "client")).subsets).toMatchObject([{ addresses: [{}, {}] }]);
    expect((await get("PersistentVolumeClaim", "data-redis-0")).status).toMatchObject({ phase: "Bound" });
    expect((await get("ServiceMonitor", "redis", "monitoring.coreos.com/v1")).spec).toMatchObject({
      endpoints: [{ port: "metrics" }],
    });
    expect((await get("Service", "redis-first")).spec?.clusterIP).toBe(await output("clusterIP"));
    expect(await output("settingsName")).toMatch(/^settings-[0-9a-f]{8}$/);
  });

  it("keeps secrets out of the state in the clear", async () => {
    const state = await stack.export();
    expect(state).not.toContain(password);
    expect(state).not.toContain(Buffer.from(password).toString("base64"));
    expect(await output("password")).toContain(Buffer.from(password).toString("base64"));
  });

  it("finds nothing to change in a second update, nor after a refresh", async () => {
    expect(await stack.up()).toContain("15 unchanged");
    expect(await stack.preview("--refresh", "--diff", "--expect-no-changes")).toContain("15 unchanged");
  });

  it("makes nothing that the API server or Pod Security has something against", async () => {
    const manifests = await manifestsOf(stack);
    expect(manifests).toHaveLength(13);
    expect(await complaintsAbout(manifests, namespace)).toEqual([]);
  });

  it("changes a StatefulSet in place, whose pods stay until somebody deletes them", async () => {
    const pods = await podIds();
    stack.set({ revision: "2" });
    const text = await stack.preview("--diff");
    expect(text).toMatch(/~ revision: "1" => "2"/);
    expect(text).not.toContain("replace");
    expect(await stack.up()).toContain("~ 1 updated");
    const { spec, status } = await get("StatefulSet", "redis", "apps/v1");
    expect(spec).toMatchObject({ template: { metadata: { annotations: { revision: "2" } } } });
    expect(status?.updateRevision).not.toBe(status?.currentRevision);
    expect(await podIds()).toEqual(pods);
  });

  it("takes back what is no longer said", async () => {
    change({ budget: { metadata: { labels: { colour: "blue" } } } });
    await stack.up();
    expect((await get("PodDisruptionBudget", "redis", "policy/v1")).metadata.labels).toEqual({ colour: "blue" });
    change({});
    expect(await stack.up("--diff")).toMatch(/- labels\s*:/);
    expect((await get("PodDisruptionBudget", "redis", "policy/v1")).metadata.labels).toBeUndefined();
  });

  it("replaces a ConfigMap for other data: a new one where the name was made up", async () => {
    const before = await output("settingsName");
    change({ settings: { data: { "redis.conf": "appendonly no\n" } } });
    const text = await stack.up("--diff");
    expect(text).toContain("1 replaced");
    const after = await output("settingsName");
    expect(after).not.toBe(before);
    expect((await get("ConfigMap", after)).data).toEqual({ "redis.conf": "appendonly no\n" });
    await expect(get("ConfigMap", before)).rejects.toThrow("no ConfigMap");
  });

  it("replaces a Secret with a given name, the old one before the new; changes it where the provider may", async () => {
    const { uid } = (await get("Secret", "secret")).metadata;
    await stack.setSecret("password", "another");
    expect(await stack.up()).toContain("1 replaced");
    const replaced = await get("Secret", "secret");
    expect(replaced.metadata.uid).not.toBe(uid);
    expect(replaced.data).toEqual({ password: Buffer.from("another").toString("base64") });
    stack.set({ mutable: "true" });
    await stack.up();
    await stack.setSecret("password", "a third");
    expect(await stack.up()).toContain("1 updated");
    expect((await get("Secret", "secret")).metadata.uid).toBe(replaced.metadata.uid);
  });

  it("replaces what the API server does not let change", async () => {
    const before = [await get("Job", "job", "batch/v1"), await get("StatefulSet", "redis", "apps/v1")];
    stack.set({ job: "exit 0 # again" });
    change({ redis: { spec: { podManagementPolicy: "OrderedReady" } } });
    expect(await stack.preview("--diff")).toMatch(/~ podManagementPolicy\s*: "Parallel" => "OrderedReady"/);
    expect(await stack.up()).toContain("2 replaced");
    const after = [await get("Job", "job", "batch/v1"), await get("StatefulSet", "redis", "apps/v1")];
    expect(after[0]?.metadata.uid).not.toBe(before[0]?.metadata.uid);
    expect(after[1]?.metadata.uid).not.toBe(before[1]?.metadata.uid);
    expect(after[1]?.status).toMatchObject({ readyReplicas: 2 });
  });

  it("says in the preview what the API server would refuse: fields that it does not know, changes that it forbids", async () => {
    change({ budget: { spec: { maxUnavailabel: 1 } } });
    expect(await stack.previewFails()).toContain("field not declared in schema");
    change({ policy: {}, application: { spec: { replicas: "two" } } });
    expect(await stack.previewFails()).toMatch(/replicas/);
    change({});
  });

  it("tells what pods wait for when a StatefulSet does not become ready, and keeps it in the state", async () => {
    change({ redis: { spec: { updateStrategy: { type: "RollingUpdate" } } } });
    await stack.up();
    stack.set({ redisImage: "hearth/none-of-this-name:1" });
    const text = await stack.upFails();
    expect(text).toMatch(/StatefulSet redis was applied, but is not ready: after 20 s/);
    expect(text).toMatch(/redis is not ready \((ErrImagePull|ImagePullBackOff)/);
    stack.set({ redisImage: images.redis });
    await stack.up();
    expect((await get("StatefulSet", "redis", "apps/v1")).status).toMatchObject({ readyReplicas: 2 });
    change({});
  });

  it("tells that a Job failed", async () => {
    stack.set({ job: "exit 3" });
    expect(await stack.upFails()).toMatch(/Job job was applied, but is not ready: the Job failed/);
    stack.set({ job: "exit 0" });
    await stack.up();
  });

  it("makes anew what was removed, after a refresh", async () => {
    await kubernetes().delete(await get("PodDisruptionBudget", "redis", "policy/v1"));
    expect(await stack.up("--refresh")).toContain("1 created");
    await get("PodDisruptionBudget", "redis", "policy/v1");
  });

  it("does not fight with others over a field, unless it is told to", async () => {
    const theirs = await get("PodDisruptionBudget", "redis", "policy/v1");
    const { resourceVersion: _, managedFields: __, ...metadata } = theirs.metadata;
    const object = { ...theirs, metadata: { name: metadata.name ?? "", namespace }, spec: { maxUnavailable: 2 } };
    await kubernetes().apply(object as KubeObject, "somebody", { force: true });
    expect(await stack.upFails("--refresh")).toMatch(/conflict with "somebody"/);
    change({ budget: { metadata: { annotations: { "pulumi.com/patchForce": "true" } } } });
    await stack.up("--refresh");
    expect((await get("PodDisruptionBudget", "redis", "policy/v1")).spec).toMatchObject({ maxUnavailable: 1 });
  });

  it("refuses types and annotations that it does not serve", async () => {
    stack.set({ unserved: "true" });
    expect(await stack.previewFails()).toContain("does not serve kubernetes:core/v1:Pod");
    stack.set({ unserved: undefined });
    change({ budget: { metadata: { annotations: { "pulumi.com/waitFor": "condition=Ready" } } } });
    expect(await stack.previewFails()).toContain("the annotation pulumi.com/waitFor is not served");
    change({});
  });

  it("leaves nothing behind but the data", async () => {
    await stack.destroy();
    for (const [apiVersion, kind] of kinds) {
      const left = (await kubernetes().list(apiVersion, kind, namespace)).map(({ metadata }) => metadata.name);
      const own = ["kube-root-ca.crt", "default"]; // the cluster's own, in every namespace
      expect(left.filter((name) => !own.includes(name ?? ""))).toEqual([]);
    }
    const made = { apiVersion: "v1", kind: "Namespace", metadata: { name: `${namespace}-made` } };
    expect(await kubernetes().get(made)).toBeUndefined();
    expect(await kubernetes().list("v1", "PersistentVolumeClaim", namespace)).toHaveLength(2);
  });

  it("previews without a cluster, and makes nothing", async () => {
    stack.set({ kubeconfig: "/nowhere/kubeconfig" });
    expect(await stack.preview()).toContain("15 to create");
    expect(await stack.upFails()).toContain("/nowhere/kubeconfig");
    stack.set({ kubeconfig: undefined });
  });

  it("ends when its engine is killed while it waits", async () => {
    await stack.destroy();
    stack.set({ redisImage: "hearth/none-of-this-name:1" });
    const engine = stack.startUp();
    await until("it waits for pods", () => get("StatefulSet", "redis", "apps/v1"), 60_000);
    const plugins = () => processesIn(stack.folder).filter(({ command }) => command.includes("kubernetes-plugin"));
    expect(plugins()).not.toHaveLength(0);
    engine.kill("SIGKILL");
    await until("no plugin is left", async () => plugins().length === 0);
  });
});

const kinds = [
  ...["Service", "ServiceAccount", "ConfigMap", "Secret", "Pod"].map((kind) => ["v1", kind] as const),
  ...["StatefulSet", "Deployment"].map((kind) => ["apps/v1", kind] as const),
  ...[["batch/v1", "Job"] as const, ["policy/v1", "PodDisruptionBudget"] as const],
  ...[["networking.k8s.io/v1", "NetworkPolicy"] as const, ["monitoring.coreos.com/v1", "ServiceMonitor"] as const],
];
