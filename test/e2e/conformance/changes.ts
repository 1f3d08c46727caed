import { afterAll, beforeAll, expect, it } from "vitest";
import { Deployed } from "../../support/deployed.ts";
import { RoleWatch } from "../../support/role-watch.ts";
import { TestStack } from "../../support/stack.ts";
import { underLoad } from "../../support/under-load.ts";
import type { Written } from "../../support/writer.ts";
import type { TargetDriver } from "./driver.ts";
import { settingsOf, type TopologyName } from "./topologies.ts";

/** A change of configuration while an application writes. */
export interface Change {
  readonly what: string;
  readonly config: () => Promise<Readonly<Record<string, string>>>;
}

/** Changes that any target can make. */
export const restarting: Change = {
  what: "a directive that takes a restart",
  config: async () => ({ directives: JSON.stringify({ "set-proc-title": "no" }) }),
};

/**
 * Changes of a deployment under load: an application writes all the while and repeats what fails; what fails is counted
 * and printed, and nothing that was acknowledged is lost.
 * @param inOrder whether the target restarts replicas before their primary
 */
export function changesUnderLoad(
  topology: Exclude<TopologyName, "standalone">,
  driver: TargetDriver,
  changes: readonly Change[],
  { inOrder }: { inOrder: boolean },
): void {
  driver.describe(`changes under load: ${topology}, ${driver.target}`, () => {
    let stack: TestStack;
    let deployed: Deployed;

    beforeAll(async () => {
      const settings = await settingsOf(topology);
      // A primary without replicas refuses writes, in a cluster too.
      stack = await new TestStack({ ...settings, warm: "off", minReplicas: "1", ...(await driver.config()) }).init();
      await stack.up();
      deployed = new Deployed(await stack.outputs());
      await deployed.settled();
    });
    afterAll(async () => {
      deployed?.close();
      await stack?.end();
    });

    /** Updates while an application writes, from before it until after it. */
    async function updateUnderLoad(what: string): Promise<Written & { lost: number }> {
      const { endpoint } = await stack.outputs();
      const settled = () => deployed.settled();
      const load = { endpoint, prefix: `${what}:`, settled };
      return underLoad(`${topology}, ${driver.target}, ${what}`, load, () => stack.up());
    }

    it("a directive that is set live: nobody restarts, no request fails", async () => {
      const before = await deployed.settled();
      stack.set({ slowlog: JSON.stringify({ slowerThan: "20 ms" }) });
      const { failed, lost } = await updateUnderLoad("a live directive");
      expect({ failed, lost }).toEqual({ failed: 0, lost: 0 });
      const after = await deployed.states();
      expect(after.map(({ runId, role }) => [runId, role])).toEqual(before.map(({ runId, role }) => [runId, role]));
    });

    it.each(changes)("$what: one node after the other, and no acknowledged write is lost", async ({ what, config }) => {
      const before = await deployed.settled();
      const isPrimary = new Map(before.map(({ name, role }) => [name, role === "master"]));
      stack.set(await config());
      const watch = new RoleWatch(deployed);
      const { lost } = await updateUnderLoad(what).finally(() => watch.stop());
      expect(lost).toBe(0);
      expect(watch.mostAway).toBeLessThanOrEqual(1);
      expect(watch.restarts.map(({ name }) => name).sort()).toEqual(before.map(({ name }) => name).sort());
      if (!inOrder) return;
      // The order is that of the plan. Where roles are as planned, the primary of each shard is its last node to go, and
      // by then it is the primary no more; where they have moved, whoever is the primary at its turn hands over as well.
      for (const { name, shard, role } of deployed.data) {
        if (role !== "primary" || !isPrimary.get(name)) continue;
        const own = watch.restarts.filter((restart) => restart.shard === shard);
        expect(own.at(-1)?.name).toBe(name);
        expect((await deployed.primaryOf(shard)).name).not.toBe(name);
      }
    });
  });
}
