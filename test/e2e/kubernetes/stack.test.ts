import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { Deployed } from "../../support/deployed.ts";
import { complaintsAbout, manifestsOf } from "../../support/kubernetes/manifests.ts";
import { resolveServices } from "../../support/kubernetes/names.ts";
import { objectsIn } from "../../support/kubernetes/objects.ts";
import { images, kubernetesTest } from "../../support/kubernetes.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import { kubernetesTarget, namespaceOf } from "../conformance/kubernetes.ts";
import { nodeNames, type TopologyName, topologies } from "../conformance/topologies.ts";

const small = { memory: "32mb", runnerImage: images.node, demoImage: images.postgres };
const demo = { source: "demo", plan: "meal-planner", minKeys: "1000", minHitRatio: "0.9" };
const settings: Record<TopologyName, Record<string, string>> = {
  standalone: { persistence: "none" },
  sentinel: { tls: "generated", downAfter: "2 seconds" },
  cluster: { tls: "generated", nodeTimeout: "3 seconds", exporters: "false" },
};
const minutes = 60_000;

const refreshed = async (stack: TestStack) => {
  await stack.preview("--refresh", "--diff", "--expect-no-changes");
  return true;
};

kubernetesTest(
  "a stack on Kubernetes",
  (namespace) => {
    let stack: TestStack | undefined;
    beforeAll(resolveServices);
    afterAll(() => stack?.end(), 5 * minutes);

    it.each(topologies)(
      "%s: is deployed and warmed, unchanged by a second update, changed while it runs, and gone in the end",
      async (topology) => {
        const config = { ...(await kubernetesTarget.config()), ...small, ...settings[topology], ...demo };
        stack = await new TestStack({ ...config, topology }).init();
        expect(await stack.preview("--diff")).toContain("kubernetes:apps/v1:StatefulSet");
        await stack.up();
        const outputs = await stack.outputs();
        expect(outputs.report).toMatchObject({ ok: true, keys: 1820, failed: 0 });
        expect(outputs.nodes.map(({ name }) => name).sort()).toEqual(nodeNames(topology, "kubernetes").sort());
        expect(await complaintsAbout(await manifestsOf(stack), namespace)).toEqual([]);
        const deployed = new Deployed(outputs);
        try {
          const before = await deployed.settled();
          const client = clientOf(outputs.endpoint);
          await client.set("recipe:by-hand", "value");
          expect(await client.get("recipe:by-hand")).toBe("value");
          client.disconnect();
          expect(await stack.up("--expect-no-changes")).toContain("unchanged");
          stack.set({ slowlog: JSON.stringify({ slowerThan: "20 ms" }) });
          const change = await stack.preview("--diff");
          expect(change).toMatch(/~ live *: \{[^}]*~ slowlog-log-slower-than *: "10000" => "20000"/);
          expect(change).not.toContain("StatefulSet");
          await stack.up();
          expect((await deployed.states()).map(({ runId }) => runId)).toEqual(before.map(({ runId }) => runId));
          for (const member of deployed.data) {
            const told = await deployed.connect(member).call("CONFIG", "GET", "slowlog-log-slower-than");
            expect(told).toEqual(["slowlog-log-slower-than", "20000"]);
          }
          // Every password is another one, and the old ones go on for an update: nothing restarts, nobody is shut out.
          stack.set({ rotation: "2" });
          await stack.up();
          const rotated = await stack.outputs();
          expect(rotated.endpoint.password).not.toBe(outputs.endpoint.password);
          for (const endpoint of [rotated.endpoint, outputs.endpoint]) {
            const user = clientOf(endpoint);
            expect(await user.get("recipe:by-hand")).toBe("value");
            user.disconnect();
          }
          await stack.up();
          const now = new Deployed(rotated);
          const runIds = (await now.states()).map(({ runId }) => runId);
          now.close();
          expect(runIds).toEqual(before.map(({ runId }) => runId));
          // On a machine that has too much to do, a node may not answer in a second.
          await until("a refresh finds all as it was", () => refreshed(stack as TestStack), 3 * minutes);
        } finally {
          deployed.close();
        }
        await stack.destroy();
        expect(await objectsIn(namespaceOf(stack))).toEqual([]);
        await stack.end();
        stack = undefined;
      },
      15 * minutes,
    );
  },
  ["redis", "exporter", "node", "postgres"],
);
