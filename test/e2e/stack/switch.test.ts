import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { processesIn } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";

// Another topology on the same ports, in the same stack: the old nodes make room for the new.
let stack: TestStack;

beforeAll(async () => {
  const port = await freePorts(6, { bus: true });
  const sentinelPort = await freePorts(3);
  stack = await new TestStack({ port: `${port}`, source: "demo", minKeys: "1000" }).init();
  stack.set({ topology: "standalone" });
  await stack.up();
  stack.set({ topology: "cluster" });
  await stack.up();
  expect(servers()).toBe(6);
  stack.set({ topology: "sentinel", sentinelPort: `${sentinelPort}` });
  await stack.up();
});
afterAll(() => stack?.end());

function servers(): number {
  return processesIn(stack.folder).filter(({ command }) => /redis-(server|sentinel)/.test(command)).length;
}

it("leaves no process of the topologies before, and a warm cache", async () => {
  expect(servers()).toBe(6);
  const { endpoint, report } = await stack.outputs();
  expect(endpoint.topology).toBe("sentinel");
  expect(report.validation?.verdict).toBe("warm");
  const client = clientOf(endpoint);
  expect(await client.dbsize()).toBeGreaterThanOrEqual(1820);
  client.disconnect();
});

it("back to one server: the others are gone", async () => {
  stack.set({ topology: "standalone", sentinelPort: undefined });
  await stack.up();
  expect(servers()).toBe(1);
  expect((await stack.outputs()).report.keys).toBe(1820);
  expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
});
