import { beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { KubernetesRunner } from "../../../contract/kubernetes.ts";
import type { OperationLine } from "../../../contract/operation.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { until } from "../../support/wait.ts";
import { answerOf, askTool } from "../docker/runner-lab.ts";
import {
  kubeconfigText,
  left,
  password,
  port,
  runnerIn,
  sourcePassword,
  startPostgresPod,
  startRedis,
  tools,
} from "./runner-lab.ts";

const rows = 3000;
const plan = {
  name: "things",
  datasets: [
    {
      name: "thing",
      query: `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${rows}) n`,
      key: "thing:{id}",
      value: { type: "hash" },
      ttl: "1 hour",
    },
  ],
  replay: { query: `SELECT 'thing:' || n AS cache_key FROM generate_series(1, ${rows + 60}) n`, sample: 1000 },
};

function messageOf(line: OperationLine | undefined): string {
  expect(line).toHaveProperty("error.message");
  return (line as { error: { message: string } }).error.message;
}

kubernetesTest(
  "the runner, in Jobs",
  (namespace) => {
    let runner: KubernetesRunner;
    let endpoint: Endpoint;
    let host: string;
    let source: { url: string };
    beforeAll(async () => {
      runner = runnerIn(namespace);
      [{ host, endpoint }, source] = await Promise.all([startRedis(namespace), startPostgresPod(namespace)]);
    }, 180_000);

    const topology = () => ({
      name: "cache",
      topology: "standalone",
      members: [{ name: "cache-0", host, port, role: "primary", shard: 0 }],
      password,
    });
    const warming = () => ({ name: "warming", endpoint, plan, source, gate: {} });

    it("waits and warms, by one tool for the namespace, and leaves no Job, Secret or pod", async () => {
      const ready = await answerOf({ operation: "readiness", inputs: { ...topology(), runner } });
      expect(ready).toMatchObject({ result: { id: "readiness", outputs: { primaries: [`${host}:${port}`] } } });
      const answer = await answerOf({ operation: "warm", inputs: { ...warming(), runner } });
      expect(answer).toMatchObject({
        result: { outputs: { report: { ok: true, keys: rows, validation: { verdict: "warm" } } } },
      });
      await until("nothing is left", async () => (await left(namespace)).length === 0);
      const [tool, ...others] = await tools(namespace);
      expect(others).toEqual([]);
      expect(tool?.immutable).toBe(true);
    });

    it("hands progress on while it works; the pod is one that `restricted` allows, and shows no secret", async () => {
      const inputs = { ...warming(), plan: { ...plan, name: "slow" }, controls: { keysPerSecond: 1000 }, runner };
      const { child, lines, ended } = askTool({ operation: "warm", inputs });
      child.stdin.end();
      await until("the warmer tells how far it is", async () =>
        lines.some((line) => "progress" in line && /row|key/.test(line.progress)),
      );
      const [pod] = await kubernetes().list("v1", "Pod", namespace, "hearth.runner,hearth.test=runner");
      const [job] = await kubernetes().list("batch/v1", "Job", namespace, "hearth.runner");
      const shown = JSON.stringify([pod, job, lines]);
      for (const secret of [password, sourcePassword, kubeconfigText().slice(-200, -10)])
        expect(shown).not.toContain(secret);
      expect(pod?.spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
      const [secret] = await kubernetes().list("v1", "Secret", namespace, "hearth.runner");
      expect(secret?.metadata.ownerReferences).toMatchObject([{ kind: "Job", name: job?.metadata.name }]);
      await ended;
      expect(lines.at(-1)).toMatchObject({ result: { id: "warm" } });
    });

    it("keeps the deadline, with what was still missing, and removes the Job", async () => {
      const members = [{ ...topology().members[0], port: 6380 }];
      const inputs = { ...topology(), members, runner };
      const message = messageOf(await answerOf({ operation: "readiness", deadlineMs: 8000, inputs }));
      expect(message).toContain("the deadline of 8 s has passed");
      expect(message).toMatch(/still missing: cache-0 .* does not answer/);
      await until("nothing is left", async () => (await left(namespace)).length === 0);
    });

    it("removes the Job when whoever asked is interrupted", async () => {
      const members = [{ ...topology().members[0], port: 6380 }];
      const { child, ended } = askTool({ operation: "readiness", inputs: { ...topology(), members, runner } });
      await until("its pod works", async () => (await podPhases(namespace)).includes("Running"));
      child.kill("SIGTERM");
      child.stdin.end();
      const message = messageOf((await ended).at(-1));
      expect(message).toContain("interrupted by SIGTERM");
      await until("nothing is left", async () => (await left(namespace)).length === 0);
    });

    it("has a pod that the cluster took away replaced, and its answer counts", async () => {
      const inputs = { ...warming(), plan: { ...plan, name: "evicted" }, controls: { keysPerSecond: 500 }, runner };
      const { child, lines, ended } = askTool({ operation: "warm", inputs });
      child.stdin.end();
      await until("the warmer tells how far it is", async () =>
        lines.some((line) => "progress" in line && /row|key/.test(line.progress)),
      );
      const [pod] = await kubernetes().list("v1", "Pod", namespace, "hearth.runner");
      const name = String(pod?.metadata.name);
      await kubernetes().request("POST", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
        body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
      });
      await ended;
      expect(lines.at(-1)).toMatchObject({ result: { outputs: { report: { ok: true } } } });
    });

    it.each([
      ["an image that is not there", { image: "none.invalid/none:1" }, /ErrImage|ImagePullBackOff|pull/],
      ["an image without node", { image: images.redis }, /has no node: name one with Node 20 or later/],
    ])("tells of %s long before the deadline", async (_, change, message) => {
      const began = Date.now();
      const answer = await answerOf({
        operation: "readiness",
        inputs: { ...topology(), runner: { ...runner, ...change } },
      });
      expect(messageOf(answer)).toMatch(message);
      expect(Date.now() - began).toBeLessThan(30_000);
    });

    it("tells of a quota that leaves no pod, with the cluster's words", async () => {
      const quota: KubeObject = {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "few", namespace },
        spec: { hard: { pods: "2" } },
      };
      await kubernetes().apply(quota, "hearth-test");
      await until("it counts", async () => (await kubernetes().get(quota))?.status?.used !== undefined);
      const began = Date.now();
      const answer = await answerOf({ operation: "readiness", inputs: { ...topology(), runner } });
      expect(messageOf(answer)).toMatch(/no pod could be made: .*exceeded quota: few/);
      expect(Date.now() - began).toBeLessThan(20_000);
      const read = await answerOf({
        operation: "readiness",
        action: "read",
        id: "readiness",
        inputs: { ...topology(), runner },
      });
      expect(read).toMatchObject({
        result: { id: "readiness", outputs: { drift: expect.stringContaining("exceeded quota") } },
      });
      await kubernetes().delete(quota);
    });

    it("names what is wrong with the way to the cluster", async () => {
      const with_ = (kubernetes: object) =>
        answerOf({ operation: "readiness", inputs: { ...topology(), runner: { ...runner, kubernetes } } });
      expect(messageOf(await with_({ ...runner.kubernetes, context: "nowhere" }))).toContain(
        'the context "nowhere" is not in',
      );
      expect(messageOf(await with_({ kubeconfig: "/none/config" }))).toContain('there is no file "/none/config"');
      const other = kubeconfigText().replace(/https:\/\/[^"\s,}]+/, "https://127.0.0.1:1");
      expect(messageOf(await with_({ kubeconfig: other }))).toMatch(/https:\/\/127\.0\.0\.1:1 cannot be reached/);
      const gone = { ...runner, namespace: "hearth-test-gone" };
      const answer = await answerOf({ operation: "readiness", inputs: { ...topology(), runner: gone } });
      expect(messageOf(answer)).toMatch(/no Job could be run in the namespace hearth-test-gone.*not found/);
    });

    it.each([["demo"], [{ url: "postgres://me:secret-one@localhost/db" }]])(
      "refuses a source that no pod reaches: %j",
      async (url) => {
        const inputs = { ...warming(), source: url, runner };
        const message = messageOf(await answerOf({ operation: "warm", inputs }));
        expect(message).toMatch(/^source: .*in a pod of the cluster.*: name a database that the cluster's pods reach$/);
        expect(message).not.toContain("secret-one");
        const check = await answerOf({ operation: "warm", action: "check", inputs });
        expect(check).toMatchObject({ result: { failures: [{ property: "source" }] } });
      },
    );

    it("takes the tool out of the namespace when the last is deleted", async () => {
      const inputs = { ...warming(), runId: "none", markers: ["hearth:warm:warming"], runner };
      await until("no Job runs", async () => (await left(namespace)).length === 0);
      expect(await answerOf({ operation: "warm", action: "delete", id: "warm", inputs })).toHaveProperty("result");
      expect(await tools(namespace)).toEqual([]);
    });
  },
  ["redis", "postgres", "node"],
);

async function podPhases(namespace: string): Promise<unknown[]> {
  return (await kubernetes().list("v1", "Pod", namespace, "hearth.runner")).map(({ status }) => status?.phase);
}
