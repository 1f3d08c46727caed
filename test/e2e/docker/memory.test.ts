import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { Deployed } from "../../support/deployed.ts";
import { docker, dockerTest } from "../../support/docker.ts";
import { dockerConfig } from "../../support/docker-config.ts";
import { TestStack } from "../../support/stack.ts";

// A container that is given less than its server uses would be killed by the kernel, and again whenever it comes back.
dockerTest("memory of containers", () => {
  let stack: TestStack;

  beforeAll(async () => {
    const config = { topology: "sentinel", replicas: "1", minReplicas: "0", memory: "192mb", warm: "off" };
    stack = await new TestStack({ ...(await dockerConfig()), ...config, exporters: "false" }).init();
    await stack.up();
  }, 240_000);
  afterAll(() => stack?.end(), 120_000);

  it("is taken from servers that are full: what does not fit is removed first, and nothing restarts", async () => {
    const outputs = await stack.outputs();
    const client = clientOf(outputs.endpoints.operator);
    const value = "x".repeat(64 * 1024);
    for (let from = 0; from < 2400; from += 100) {
      const pipeline = client.pipeline();
      for (let at = from; at < from + 100; at++) pipeline.set(`key:${at}`, value);
      await pipeline.exec();
    }
    // 150 MiB of values: more than the smaller container will be allowed.
    expect(await client.dbsize()).toBeGreaterThan(2000);
    client.disconnect();
    const before = await runIds(outputs);
    stack.set({ memory: "32mb" });
    expect(await stack.up()).toContain("removing what does not fit into 32mb");
    expect(await runIds(outputs)).toEqual(before);
    const containers = await docker.listContainers({ filters: { label: [`hearth.stack=${stack.name}`] } });
    const limits = await Promise.all(
      containers.map(async ({ Id }) => (await docker.getContainer(Id).inspect()).HostConfig.Memory ?? 0),
    );
    expect(limits.map((limit) => limit / 2 ** 20).sort()).toEqual([64, 64, 64, 64, 64]);
  }, 240_000);
});

async function runIds(outputs: Awaited<ReturnType<TestStack["outputs"]>>): Promise<string[]> {
  const deployed = new Deployed(outputs);
  try {
    return (await deployed.states()).map(({ runId }) => runId);
  } finally {
    deployed.close();
  }
}
