import { afterAll, beforeAll, expect, it } from "vitest";
import { Deployed } from "../../support/deployed.ts";
import { ApiError } from "../../support/kubernetes/api.ts";
import { isReady, podOf } from "../../support/kubernetes/objects.ts";
import { kubernetes } from "../../support/kubernetes.ts";
import { TestStack } from "../../support/stack.ts";
import { underLoad } from "../../support/under-load.ts";
import { until } from "../../support/wait.ts";
import { retrying, type Written } from "../../support/writer.ts";
import { kubernetesTarget, namespaceOf } from "../conformance/kubernetes.ts";
import { settingsOf, type TopologyName } from "../conformance/topologies.ts";

/** With these nobody fails over because a server is silent, as long as the test takes. */
const patient: Record<Exclude<TopologyName, "standalone">, Record<string, string>> = {
  sentinel: { downAfter: "2 minutes", failoverTimeout: "4 minutes" },
  cluster: { nodeTimeout: "2 minutes" },
};
const changed = /(updated|created|deleted|replaced)/;

/** What happens to pods behind Pulumi's back, while an application with a client that retries writes. */
export function podsComeAndGo(topology: Exclude<TopologyName, "standalone">): void {
  kubernetesTarget.describe(`pods that come and go: ${topology}`, () => {
    let stack: TestStack;
    let deployed: Deployed;
    let usual: Record<string, string | undefined>;

    beforeAll(async () => {
      const common = await settingsOf(topology);
      usual = common;
      const settings = { ...common, ...patient[topology], ...(await kubernetesTarget.config()), warm: "off" };
      stack = await new TestStack({ ...settings, exporters: "false" }).init();
      await stack.up();
      deployed = new Deployed(await stack.outputs());
      await deployed.settled();
    });
    afterAll(async () => {
      deployed?.close();
      await stack?.end();
    });

    /** Does something while an application writes whose client sends again what fails. */
    async function retryingLoad(what: string, work: () => Promise<void>): Promise<Written & { lost: number }> {
      const { endpoint } = await stack.outputs();
      const load = { endpoint, prefix: `${what}:`, patience: retrying, backWithinMs: 60_000 };
      return underLoad(`${topology}, kubernetes, ${what}`, load, work);
    }

    it("a drain takes the primary's pod: it hands over before it stops, and no request of a client that retries fails", async () => {
      await deployed.settled();
      const old = await deployed.primaryOf(0);
      const pod = await podOf(namespaceOf(stack), old.name);
      const { failed, lost } = await retryingLoad("evicted", async () => {
        await evict(namespaceOf(stack), old.name);
        await until(
          "another pod, and ready",
          async () => {
            const now = await podOf(namespaceOf(stack), old.name);
            return now?.metadata.uid !== pod?.metadata.uid && isReady(now);
          },
          120_000,
        );
      });
      // Nobody has taken it for lost: it has asked for its successor itself.
      expect((await deployed.primaryOf(0)).name).not.toBe(old.name);
      expect({ failed, lost }).toEqual({ failed: 0, lost: 0 });
      await deployed.settled();
    });

    it("a budget holds the second one of a shard back until the first is ready again", async () => {
      await deployed.settled();
      const [first, second] = deployed.data.filter(({ shard }) => shard === 0).map(({ name }) => name) as [
        string,
        string,
      ];
      await kubernetesTarget.restart(stack, [first]); // both are ready
      await evictOnce(namespaceOf(stack), first);
      await expect(evictOnce(namespaceOf(stack), second)).rejects.toThrow(/disruption budget/);
      await until("the first is back", async () => isReady(await podOf(namespaceOf(stack), first)), 120_000);
      await deployed.settled();
    });

    it("all pods deleted at once: back with the data and the same clients, unaided", async () => {
      stack.set(Object.fromEntries(Object.keys(patient[topology]).map((key) => [key, usual[key]])));
      await stack.up();
      const [before, ids] = [await deployed.settled(), await deployed.clusterIds()];
      const { lost } = await retryingLoad("all deleted at once", () =>
        kubernetesTarget.restart(
          stack,
          deployed.members.map(({ name }) => name),
        ),
      );
      expect(lost).toBe(0);
      const after = await deployed.settled();
      expect(after.map(({ runId }, index) => runId === before[index]?.runId)).toEqual(after.map(() => false));
      expect(await deployed.clusterIds()).toEqual(ids);
      await stack.refresh();
      await stack.up();
      expect(await stack.up()).not.toMatch(changed);
    });
  });
}

/** As `kubectl drain`: asks again while a budget says no. */
async function evict(namespace: string, name: string): Promise<void> {
  await until(
    `the eviction of ${name}`,
    async () => {
      await evictOnce(namespace, name);
      return true;
    },
    60_000,
  );
}

/** @throws ApiError of status 429 where a budget says no */
async function evictOnce(namespace: string, name: string): Promise<void> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  try {
    await kubernetes().request("POST", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, { body: eviction });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return;
    throw error;
  }
}
