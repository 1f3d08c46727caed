import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { Deployed } from "../../support/deployed.ts";
import { dockerTest, freeSubnet } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { TestStack } from "../../support/stack.ts";
import { settingsOf } from "../conformance/topologies.ts";

async function upOf(topology: "sentinel" | "cluster"): Promise<TestStack> {
  const config = { ...(await settingsOf(topology)), ...(await dockerConfig()), exporters: "false", warm: "off" };
  const stack = await new TestStack(config).init();
  await stack.up();
  return stack;
}

// Every address changes at once: those that nodes have written down of each other are true no more.
dockerTest("another subnet: cluster", () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await upOf("cluster");
  }, 240_000);
  afterAll(() => stack?.end(), 120_000);

  it("takes an outage, and data and topology come back at the new addresses", async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
    const before = clientOf((await stack.outputs()).endpoints.operator);
    for (const key of keys) await before.set(key, `value of ${key}`);
    before.disconnect();
    await settled(stack);
    const { subnet, prefix } = await freeSubnet();
    stack.set({ subnet });
    await stack.up();
    const outputs = await stack.outputs();
    for (const { host } of outputs.nodes) expect(host.startsWith(`${prefix}.`)).toBe(true);
    await settled(stack);
    const after = clientOf(outputs.endpoints.operator);
    expect(await Promise.all(keys.map((key) => after.get(key)))).toEqual(keys.map((key) => `value of ${key}`));
    after.disconnect();
    await stack.preview("--expect-no-changes");
  }, 400_000);
});

dockerTest("another subnet: sentinel", () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await upOf("sentinel");
  }, 240_000);
  afterAll(() => stack?.end(), 120_000);

  it("is refused in the preview, as sentinels know the nodes by their addresses", async () => {
    const { subnet } = await freeSubnet();
    stack.set({ subnet });
    expect(await stack.previewFails()).toMatch(
      /property docker\.subnet .*: \S+ would give every node another address than it has in (\S+), by which the sentinels know it: stay with hearth:subnet \1, or run pulumi destroy first/,
    );
  });
});

async function settled(stack: TestStack): Promise<void> {
  const deployed = new Deployed(await stack.outputs());
  try {
    await deployed.settled();
  } finally {
    deployed.close();
  }
}
