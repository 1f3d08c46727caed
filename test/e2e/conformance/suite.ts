import type { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { Deployed, type NodeState } from "../../support/deployed.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import type { TargetDriver } from "./driver.ts";
import { nodeNames, settingsOf, sizes, type TopologyName } from "./topologies.ts";

/** Enough keys that every shard of a cluster has some. */
const KEYS = 60;
const changed = /(updated|created|deleted|replaced)/;

/** What a refresh has found to be other than it was left, as it says it. */
async function driftsIn(stack: TestStack): Promise<string[]> {
  const { deployment } = JSON.parse(await stack.export());
  const resources: { outputs?: { drift?: string } }[] = deployment.resources ?? [];
  return resources.flatMap(({ outputs }) => outputs?.drift ?? []);
}

/**
 * What every topology promises on every target: the same text for all of them. The tests of one run build upon each
 * other, as the life of a deployment does.
 */
export function conformance(topology: TopologyName, driver: TargetDriver): void {
  driver.describe(`${topology}, ${driver.target}`, () => {
    const [dataNodes, sentinels] = sizes[topology];
    let stack: TestStack;
    let deployed: Deployed;
    let round = 0;

    beforeAll(async () => {
      const warming = { source: "demo", plan: "meal-planner", minKeys: "1000" };
      stack = await new TestStack({ ...(await settingsOf(topology)), ...warming, ...(await driver.config()) }).init();
    });
    afterAll(async () => {
      deployed?.close();
      await stack?.end();
    });

    /** An application that connects by the output `endpoint`. */
    async function asApplication<T>(work: (client: Redis | Cluster) => Promise<T>): Promise<T> {
      const client = clientOf((await stack.outputs()).endpoint);
      client.on("error", () => {});
      try {
        return await work(client);
      } finally {
        client.disconnect();
      }
    }

    /** Writes other values than before, and waits until every replica has them. */
    async function write(): Promise<void> {
      round += 1;
      await asApplication((client) =>
        Promise.all(Array.from({ length: KEYS }, (_, key) => client.set(`conformance:${key}`, `${round}.${key}`))),
      );
      await deployed.settled();
    }

    async function expectWritten(): Promise<void> {
      const found = await asApplication((client) =>
        Promise.all(Array.from({ length: KEYS }, (_, key) => client.get(`conformance:${key}`))),
      );
      expect(found).toEqual(Array.from({ length: KEYS }, (_, key) => `${round}.${key}`));
    }

    async function expectNoChanges(): Promise<void> {
      expect(await stack.up()).not.toMatch(changed);
    }

    /** One primary in each shard, its replicas linked to it, everybody of one opinion, and the data there. */
    async function expectWhole(): Promise<NodeState[]> {
      const states = await deployed.settled();
      await expectWritten();
      return states;
    }

    it("a preview names what will be made, and makes nothing", async () => {
      const text = await stack.preview();
      for (const name of nodeNames(topology, driver.target)) expect(text).toContain(name);
      for (const child of ["cache-formation", "cache-readiness", "warming-run"]) expect(text).toContain(child);
      expect(await driver.footprint(stack)).toEqual([]);
    });

    it("up: deployed, formed, and warm", async () => {
      await stack.up();
      const outputs = await stack.outputs();
      expect(outputs.report.keys).toBe(1820);
      expect(outputs.report.validation?.verdict).toBe("warm");
      deployed = new Deployed(outputs);
      expect([deployed.data.length, deployed.sentinels.length]).toEqual([dataNodes, sentinels]);
      await deployed.settled();
    });

    it("an application connects by the endpoint, and what it writes is on the replicas", async () => {
      await write();
      await expectWritten();
      const recipe = await asApplication((client) => client.get("recipe:1"));
      expect(recipe === null || JSON.parse(recipe).cached).toBeTruthy();
      const states = await deployed.settled();
      for (const shard of new Set(states.map((state) => state.shard))) {
        const own = states.filter((state) => state.shard === shard);
        const counts = await Promise.all(
          deployed.data.filter((member) => member.shard === shard).map((member) => deployed.connect(member).dbsize()),
        );
        expect(counts[0]).toBeGreaterThan(0);
        expect(counts).toEqual(own.map(() => counts[0]));
      }
    });

    it("a second up changes nothing", expectNoChanges);

    it("a directive that a server can change is shown by its name, and set without a restart", async () => {
      const before = await deployed.settled();
      stack.set({ eviction: "volatile-lru" });
      const shown = (await stack.preview("--diff")).match(/maxmemory-policy"?\s*: "allkeys-lru" => "volatile-lru"/g);
      expect(shown?.length).toBeGreaterThanOrEqual(dataNodes);
      await stack.up();
      for (const member of deployed.data) {
        expect(await deployed.connect(member).config("GET", "maxmemory-policy")).toContain("volatile-lru");
      }
      expect((await expectWhole()).map(({ runId }) => runId)).toEqual(before.map(({ runId }) => runId));
    });

    it("more memory, while it serves", async () => {
      stack.set({ memory: "300mb" });
      const shown = (await stack.preview("--diff")).match(/maxmemory"?\s*: "256mb" => "300mb"/g);
      expect(shown?.length).toBeGreaterThanOrEqual(dataNodes);
      await stack.up();
      for (const member of deployed.data) {
        expect(await deployed.connect(member).config("GET", "maxmemory")).toContain(`${300 * 2 ** 20}`);
      }
      await expectWhole();
    });

    it("a directive that takes a restart: every node is restarted, and the data is kept", async () => {
      const before = await deployed.settled();
      stack.set({ directives: JSON.stringify({ "set-proc-title": "no" }) });
      await stack.up();
      const after = await expectWhole();
      for (const [index, { runId }] of after.entries()) expect(runId).not.toBe(before[index]?.runId);
      await expectNoChanges();
    });

    it("the primary killed: another takes over where there is one, refresh notices, and up mends", async () => {
      await write();
      const killed = await deployed.primaryOf(0);
      const letBack = await driver.kill(stack, killed.name);
      if (topology !== "standalone") {
        const promoted = await until("exactly one other primary", () => deployed.primaryOf(0));
        expect(promoted.name).not.toBe(killed.name);
        await until("the application's writes", () => asApplication((client) => client.set("conformance:0", "x")));
        await expectUnchangedExcept("x");
      }
      await stack.refresh();
      expect(`${await stack.preview()} ${await driftsIn(stack)}`).toContain(killed.name);
      await letBack?.();
      await stack.up();
      await (topology === "standalone" ? expectWhole() : deployed.settled());
    });

    /** Nothing of what was written before is lost, but for the first key, which has a new value. */
    async function expectUnchangedExcept(value: string): Promise<void> {
      const read = () =>
        asApplication((client) =>
          Promise.all(Array.from({ length: KEYS }, (_, key) => client.get(`conformance:${key}`))),
        );
      const found = await until("all keys to be read", read);
      expect(found).toEqual(Array.from({ length: KEYS }, (_, key) => (key === 0 ? value : `${round}.${key}`)));
    }

    it.runIf(dataNodes > 1)("the primary restarted: it is back with its data", async () => {
      await write();
      const { name } = await deployed.primaryOf(0);
      await driver.restart(stack, [name]);
      await expectWhole();
    });

    it("all nodes restarted at once: they are back with their data, and nothing is formed anew", async () => {
      await write();
      const before = await deployed.settled();
      const ids = await deployed.clusterIds();
      await driver.restart(
        stack,
        deployed.members.map(({ name }) => name),
      );
      const after = await expectWhole();
      for (const [index, { runId }] of after.entries()) expect(runId).not.toBe(before[index]?.runId);
      expect(await deployed.clusterIds()).toEqual(ids);
      await expectNoChanges();
    });

    it("destroy leaves nothing behind", async () => {
      const footprint = await driver.footprint(stack);
      expect(footprint.length).toBeGreaterThan(dataNodes + sentinels);
      await stack.destroy();
      expect(await driver.left(footprint)).toEqual([]);
    });
  });
}
