import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

/** How much a plan writes is known only when its rows are looked at: the update looks before it writes. */
let stack: TestStack;
let port: number;

beforeAll(async () => {
  port = await freePorts(1);
  stack = await new TestStack({ port: `${port}`, source: "demo", eviction: "noeviction", memory: "1500kb" }).init();
});
afterAll(() => stack?.end());

it("a plan larger than the memory, where nothing may be evicted, is refused before the first write", async () => {
  const text = await stack.upFails();
  expect(text).toMatch(/Warming failed: The plan does not fit into Redis's memory: it needs about [\d.]+ .B more/);
  expect(text).toContain("maxmemory is set by memory (hearth:memory), its policy by eviction.");
  expect(text).toContain("0 keys were written");
  const { app } = await stack.passwords();
  const client = clientOf({
    topology: "standalone",
    nodes: [{ host: "127.0.0.1", port }],
    database: 0,
    username: "app",
    ...(app !== undefined && { password: app }),
  });
  expect(await client.dbsize()).toBe(0);
  client.disconnect();
});

it("with enough memory the next update warms", async () => {
  stack.set({ memory: "16mb" });
  await stack.up();
  expect((await stack.outputs()).report.keys).toBe(1820);
});
