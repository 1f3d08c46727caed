import { beforeAll, expect, it } from "vitest";
import type { OperationLine } from "../../../contract/operation.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { runIn } from "../../support/kubernetes/pods.ts";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { until } from "../../support/wait.ts";
import { answerOf, askTool } from "../docker/runner-lab.ts";
import { password, port, runnerIn } from "./runner-lab.ts";

interface Outputs {
  readonly instances: readonly string[];
  readonly dataIds: readonly string[];
  readonly state: object;
}

kubernetesTest(
  "a rollout",
  (namespace) => {
    const set = (template: string): KubeObject => ({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "cache", namespace },
      spec: {
        serviceName: "cache",
        replicas: 3,
        podManagementPolicy: "Parallel",
        updateStrategy: { type: "OnDelete" },
        selector: { matchLabels: { app: "cache" } },
        template: {
          metadata: { labels: { app: "cache" }, annotations: { template } },
          spec: {
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 1,
            securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: "RuntimeDefault" } },
            containers: [
              {
                name: "redis",
                image: images.redis,
                imagePullPolicy: "IfNotPresent",
                command: ["sh", "-c"],
                args: [
                  // The first is the primary, whichever is replaced.
                  `case $HOSTNAME in cache-0) ;; *) set -- --replicaof cache-0.${namespace}.svc ${port};; esac
exec redis-server --save "" --requirepass ${password} --masterauth ${password} --protected-mode no --dir /tmp "$@"`,
                ],
                readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              },
            ],
          },
        },
      },
    });
    const service = (name: string): KubeObject => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: {
        selector: { "statefulset.kubernetes.io/pod-name": name },
        publishNotReadyAddresses: true,
        ports: [{ port, protocol: "TCP" }],
      },
    });
    const names = ["cache-0", "cache-1", "cache-2"];
    const inputs = (directives: Record<string, string>) => ({
      name: "cache",
      runner: runnerIn(namespace),
      nodes: names.map((name) => ({
        ...{
          name,
          set: "cache",
          kind: "redis",
          topology: "standalone",
          host: `${name}.${namespace}.svc`,
          port,
          shard: 0,
        },
        ...{ role: name === "cache-0" ? "primary" : "replica", password, acl: [] },
        live: directives,
        restart: {},
        secretDirectives: { requirepass: password },
      })),
    });
    const outputsOf = (answer: OperationLine | undefined) => {
      expect(answer).toHaveProperty("result.outputs.instances");
      return (answer as unknown as { result: { outputs: Outputs } }).result.outputs;
    };
    const update = (change: object, olds: object) =>
      answerOf({ operation: "rollout", action: "update", id: "rollout", inputs: change, olds, deadlineMs: 120_000 });
    const redis = async (pod: string, ...command: string[]) =>
      (await runIn(namespace, pod, ["redis-cli", "--no-auth-warning", "-a", password, ...command])).text.trim();
    const pods = () => kubernetes().list("v1", "Pod", namespace, "app=cache");

    const first = inputs({ maxmemory: "32mb" });
    let made: Outputs;
    beforeAll(async () => {
      await Promise.all([set("one"), ...names.map(service)].map((object) => kubernetes().apply(object, "hearth-test")));
      made = outputsOf(await answerOf({ operation: "rollout", inputs: first }));
    }, 180_000);

    it("waits for the pods, and tells which they are", () => {
      expect(new Set(made.instances).size).toBe(3);
      expect(new Set(made.dataIds).size).toBe(3);
    });

    it("sets live what can be, and leaves the pods alone", async () => {
      const next = inputs({ maxmemory: "48mb" });
      const after = outputsOf(await update(next, { ...first, ...made }));
      expect(after).toMatchObject({ instances: made.instances, dataIds: made.dataIds });
      expect(await redis("cache-1", "CONFIG", "GET", "maxmemory")).toContain(String(48 * 1024 ** 2));
      const wrong = await update(inputs({ maxmemory: "lots" }), { ...next, ...after });
      expect(wrong).toMatchObject({ error: { id: "rollout", message: expect.stringContaining("maxmemory") } });
    });

    it("replaces outdated pods one at a time, the primary last, and knows whose data is another", async () => {
      await redis("cache-0", "SET", "key", "value");
      await until("replicas have the key", async () =>
        (await Promise.all(names.map((name) => redis(name, "GET", "key")))).every((value) => value === "value"),
      );
      await kubernetes().apply(set("two"), "hearth-test");
      const { child, lines, ended } = askTool({
        ...{ operation: "rollout", action: "update", id: "rollout", deadlineMs: 120_000 },
        ...{ inputs: first, olds: { ...first, ...made } },
      });
      child.stdin.end();
      let over = false;
      void ended.then(() => {
        over = true;
      });
      let fewest = 3;
      while (!over) {
        const ready = (await pods()).filter(({ metadata, status }) => {
          const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
          return (
            !metadata.deletionTimestamp && conditions.some(({ type, status }) => type === "Ready" && status === "True")
          );
        });
        fewest = Math.min(fewest, ready.length);
      }
      const after = outputsOf((await ended).at(-1));
      expect(fewest).toBe(2);
      expect(lines.flatMap((line) => ("progress" in line ? [line.progress] : [])).at(-1)).toBe(
        "replacing cache-0 (3 of 3)",
      );
      expect(after.instances.filter((instance) => made.instances.includes(instance))).toEqual([]);
      // The primary came up with nothing; the replicas had their data from it.
      expect(after.dataIds.map((dataId, index) => dataId === made.dataIds[index])).toEqual([false, true, true]);
      made = after;
    });

    it("sees at a refresh that a pod is another", async () => {
      const read = () =>
        answerOf({ operation: "rollout", action: "read", id: "rollout", inputs: { ...first, ...made } });
      expect(await read()).toEqual({ seq: 0, result: { id: "rollout" } });
      await kubernetes().delete({ apiVersion: "v1", kind: "Pod", metadata: { name: "cache-2", namespace } });
      expect(await read()).toMatchObject({ result: { outputs: { drift: expect.stringContaining("cache-2") } } });
      const ready = await update(first, { ...first, ...made, drift: "other pods" });
      made = outputsOf(ready);
    });

    it("stops at a pod that does not come back, and says why", async () => {
      const broken = set("three");
      const template = (broken.spec as { template: { spec: { containers: { image: string }[] } } }).template;
      (template.spec.containers[0] as { image: string }).image = "none.invalid/Upper:1";
      await kubernetes().apply(broken, "hearth-test");
      const answer = await answerOf({
        ...{ operation: "rollout", action: "update", id: "rollout", deadlineMs: 60_000 },
        ...{ inputs: first, olds: { ...first, ...made } },
      });
      expect(answer).toMatchObject({
        error: {
          id: "rollout",
          message: expect.stringMatching(/pod cache-[12]: it does not start \(InvalidImageName: /),
        },
      });
      expect((await pods()).filter(({ metadata }) => metadata.name === "cache-0")[0]?.status?.phase).toBe("Running");
    });
  },
  ["redis", "node"],
);
