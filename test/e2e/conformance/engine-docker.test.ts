import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { Deployed } from "../../support/deployed.ts";
import { dockerTest, images } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { mayRunEngine, PrivateEngine } from "../../support/private-engine.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";
import { settingsOf } from "./topologies.ts";

const keys = Array.from({ length: 60 }, (_, key) => `key:${key}`);

// An engine that all tests share must not be stopped: this one is the test's own.
dockerTest("a cluster on a Docker engine", () => {
  describe.skipIf(!mayRunEngine)(mayRunEngine ? "of its own" : "of its own (skipped: no dockerd, or not root)", () => {
    let engine: PrivateEngine;
    let stack: TestStack;
    let deployed: Deployed;

    beforeAll(async () => {
      const config = await dockerConfig();
      engine = await PrivateEngine.start([images.redis]);
      const settings = { ...(await settingsOf("cluster")), ...config, exporters: "false" };
      stack = await new TestStack({ ...settings, dockerHost: engine.host, warm: "off" }).init();
      await stack.up();
      deployed = new Deployed(await stack.outputs());
      const client = clientOf((await stack.outputs()).endpoint);
      await Promise.all(keys.map((key) => client.set(key, key)));
      client.disconnect();
      await deployed.settled();
    });
    afterAll(async () => {
      deployed?.close();
      try {
        await stack?.end();
      } finally {
        await engine?.stop();
      }
    });

    /** Whole again, with its data, and Pulumi sees nothing to do: without anybody's help. */
    async function expectBack(work: () => Promise<unknown>): Promise<void> {
      const [before, ids] = [await deployed.settled(), await deployed.clusterIds()];
      await work();
      const after = await until("all nodes started again", async () => {
        const states = await deployed.settled();
        return states.every(({ runId }, index) => runId !== before[index]?.runId) && states;
      });
      expect(after).toHaveLength(6);
      expect(await deployed.clusterIds()).toEqual(ids);
      const client = clientOf((await stack.outputs()).endpoint);
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
      client.disconnect();
      expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
    }

    it("is back after the engine was restarted", () => expectBack(() => engine.restart()));

    it("is back after all servers crashed at once", () =>
      expectBack(async () => {
        const containers = await engine.docker.listContainers();
        const found = await Promise.all(containers.map(({ Id }) => engine.docker.getContainer(Id).inspect()));
        for (const { State } of found) process.kill(State.Pid, "SIGKILL");
      }));
  });
}, ["redis"]);
