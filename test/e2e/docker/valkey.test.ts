import { afterAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { Deployed } from "../../support/deployed.ts";
import { dockerTest, images } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { TestStack } from "../../support/stack.ts";
import { settingsOf, sizes, type TopologyName, topologies } from "../conformance/topologies.ts";

const off = { warm: "off" };
const demo = { source: "demo", plan: "meal-planner", minKeys: "1000", minHitRatio: "0.9" };
const warming: Record<TopologyName, Record<string, string>> = { standalone: demo, sentinel: off, cluster: off };

dockerTest("Valkey", () => {
  let stack: TestStack | undefined;
  afterAll(() => stack?.end(), 120_000);

  it.each(topologies)(
    "%s: is deployed, changed while it runs, and unchanged afterwards",
    async (topology) => {
      const config = {
        ...(await settingsOf(topology)),
        ...(await dockerConfig()),
        exporters: "false",
        ...warming[topology],
      };
      stack = await new TestStack({ ...config, image: images.valkey, tls: "generated" }).init();
      await stack.up();
      const outputs = await stack.outputs();
      const deployed = new Deployed(outputs);
      try {
        const [data, sentinels] = sizes[topology];
        if (topology === "standalone") expect(outputs.report).toMatchObject({ ok: true, keys: 1820, failed: 0 });
        expect([deployed.data.length, deployed.sentinels.length]).toEqual([data, sentinels]);
        const before = await deployed.settled();
        for (const member of deployed.members)
          expect(await deployed.connect(member).info("server")).toMatch(/^valkey_version:8\.1/m);
        const client = clientOf(outputs.endpoints.operator);
        await client.set("key", "value");
        expect(await client.get("key")).toBe("value");
        client.disconnect();
        stack.set({ slowlog: JSON.stringify({ slowerThan: "20 ms" }) });
        await stack.up();
        expect((await deployed.states()).map(({ runId }) => runId)).toEqual(before.map(({ runId }) => runId));
        await stack.preview("--expect-no-changes");
      } finally {
        deployed.close();
      }
      await stack.end();
      stack = undefined;
    },
    300_000,
  );
}, ["valkey"]);
