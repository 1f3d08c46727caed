import { afterAll, beforeAll, expect, it } from "vitest";
import type { Member } from "../../../contract/nodes.ts";
import { Deployed } from "../../support/deployed.ts";
import { docker, dockerTest } from "../../support/docker.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import { Writer } from "../../support/writer.ts";
import { containerOf, dockerTarget } from "../conformance/docker.ts";
import { settingsOf, type TopologyName } from "../conformance/topologies.ts";

/** Acknowledged before the crash, and again after it. */
const SOME = 300;

/**
 * A primary's server dies behind the engine's back, which starts its container again at once: a replica takes over all the
 * same, and what was acknowledged is there.
 */
export function crashes(topology: Exclude<TopologyName, "standalone">, persistence: "none" | "snapshots"): void {
  dockerTest(`a primary that crashes: ${topology}, ${persistence}`, () => {
    let stack: TestStack;
    let deployed: Deployed;

    beforeAll(async () => {
      const settings = { ...(await settingsOf(topology)), ...(await dockerTarget.config()), exporters: "false" };
      stack = await new TestStack({ ...settings, persistence, warm: "off", minReplicas: "1" }).init();
      await stack.up();
      deployed = new Deployed(await stack.outputs());
    });
    afterAll(async () => {
      deployed?.close();
      await stack?.end();
    });

    const inspect = async ({ name }: Member) => docker.getContainer(await containerOf(stack, name)).inspect();

    /** Ends the server as the kernel does when memory is short. The engine starts the container again. */
    async function crash(member: Member): Promise<void> {
      const { State } = await inspect(member);
      process.kill(State.Pid, "SIGKILL");
      await until("the engine's restart", async () => {
        const { State: now } = await inspect(member);
        return now.Running && now.StartedAt !== State.StartedAt;
      });
    }

    async function logOf({ name }: Member): Promise<string> {
      const container = docker.getContainer(await containerOf(stack, name));
      return (await container.logs({ stdout: true, stderr: true })).toString();
    }

    it("comes back as a replica of another, and nothing that was acknowledged is lost", async () => {
      await deployed.settled();
      const old = await deployed.primaryOf(0);
      const { endpoint } = await stack.outputs();
      const writer = new Writer(endpoint, topology === "cluster" ? "{b}:" : "written:");
      try {
        await until("writes before", async () => writer.acknowledged > SOME);
        await crash(old);
        expect((await inspect(old)).State.Health?.Status).not.toBe("healthy");
        const primary = await until("another primary", () => deployed.primaryOf(0));
        expect(primary.name).not.toBe(old.name);
        const then = writer.acknowledged;
        await until("writes afterwards", async () => writer.acknowledged > then + SOME);
        // Until it is back, and while it comes back, nobody may be told anything else.
        const states = await deployed.settled();
        expect(states.find(({ name }) => name === old.name)?.follows).toBe(`${primary.host}:${primary.port}`);
      } finally {
        await writer.stop();
      }
      await deployed.settled();
      const { acknowledged, failed, longestGapMs } = await writer.stop();
      const lost = await writer.lost(endpoint);
      console.log(
        `${topology}, ${persistence}: ${acknowledged} writes acknowledged, ${lost} lost, ${failed} failed requests, ` +
          `at most ${longestGapMs} ms without a write`,
      );
      expect(lost).toBe(0);
      expect(await logOf(old)).toMatch(
        /Hearth: waiting up to \d+ s for a replica to be promoted: this was the primary/,
      );
    });

    it("a replica that crashes is back at once", async () => {
      await deployed.settled();
      const primary = await deployed.primaryOf(0);
      const replica = deployed.data.find((member) => member.shard === 0 && member !== primary) as Member;
      const waits = async () => (await logOf(replica)).split("Hearth: waiting").length;
      const before = await waits();
      await crash(replica);
      await deployed.settled();
      expect(await waits()).toBe(before);
      expect((await deployed.primaryOf(0)).name).toBe(primary.name);
    });

    it("pulumi up has nothing to mend", async () => {
      await deployed.settled();
      await stack.up("--refresh");
      expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
      await deployed.settled();
    });
  });
}
