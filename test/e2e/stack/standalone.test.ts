import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf, serverAt } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

// The dev stack as a user has it: standalone, local, database 1, demo source, meal planner. What every deployment
// promises is in test/e2e/conformance.
let stack: TestStack;
let port: number;

beforeAll(async () => {
  port = await freePorts(1);
  stack = await new TestStack({
    topology: "standalone",
    port: `${port}`,
    database: "1",
    source: "demo",
    plan: "meal-planner",
    minKeys: "1000",
    minHitRatio: "0.9",
  }).init();
});
afterAll(() => stack?.end());

it("deploys, warms and validates, and says so while it does", async () => {
  const text = await stack.up();
  expect(text).toMatch(/recipes\s+CRITICAL\s+done\s+100\s+100\s+0/);
  expect(text).toMatch(/verdict: warm/);
  const { report } = await stack.outputs();
  expect(report.ok).toBe(true);
  expect(report.keys).toBe(1820);
  expect(report.failed).toBe(0);
  expect(report.datasets.map(({ name, keys }) => [name, keys])).toEqual(
    expect.arrayContaining([
      ["recipes", 100],
      ["meal-plans", 500],
      ["preferences", 1000],
      ["searches", 20],
      ["nutrition", 200],
    ]),
  );
  expect(report.validation?.verdict).toBe("warm");
  expect(report.validation?.replay.hitRatio).toBeGreaterThan(0.9);
  expect(report.validation?.replay.hitRatio).toBeLessThan(1);
});

it("an application finds the values, with their times to live", async () => {
  const client = clientOf((await stack.outputs()).endpoints.operator);
  const keys = await client.keys("*");
  expect(keys.filter((key) => key.startsWith("recipe:"))).toHaveLength(100);
  for (const key of keys.filter((name) => name.startsWith("recipe:")).slice(0, 20)) {
    const recipe = JSON.parse((await client.get(key)) ?? "null");
    expect(recipe).toMatchObject({ cached: true, prepTime: expect.any(Number), name: expect.any(String) });
    expect(`recipe:${recipe.id}`).toBe(key);
    // 3,600 s times the popularity, at most 24 times, spread by a jitter of 10 %.
    const ttl = await client.ttl(key);
    expect(ttl).toBeGreaterThan(3600 * 0.9 - 60);
    expect(ttl).toBeLessThanOrEqual(24 * 3600 * 1.1);
  }
  const nutrition = keys.find((name) => name.startsWith("nutrition:")) ?? "";
  expect(nutrition).toMatch(/^nutrition:[a-z0-9_]+$/);
  expect(await client.ttl(nutrition)).toBeGreaterThan(86_400 * 0.9 - 60);
  client.disconnect();
});

it("is reached with the password only, and keeps its files to its user", async () => {
  const { endpoint, url } = await stack.outputs();
  expect(url).toBe(`redis://app:${encodeURIComponent(endpoint.password ?? "")}@127.0.0.1:${port}/1`);
  const stranger = serverAt(port, undefined);
  await expect(stranger.get("recipe:1")).rejects.toThrow(/NOAUTH/);
  stranger.disconnect();
  expect(statSync(join(stack.directory, "cache-0")).mode & 0o777).toBe(0o700);
  expect(await stack.export()).not.toContain(endpoint.password);
});

it("notices in refresh that the data is gone, and warms again", async () => {
  const client = clientOf((await stack.outputs()).endpoints.operator);
  await client.flushall();
  await stack.refresh();
  expect(await stack.preview()).toMatch(/~\s+\S*Warming/);
  await stack.up();
  expect(await client.dbsize()).toBeGreaterThanOrEqual(1820);
  expect(await stack.up()).not.toMatch(/updated/);
  client.disconnect();
});

it("warms again for another gate, and fails with the figures when it is missed", async () => {
  stack.set({ minKeys: "2000" });
  const text = await stack.upFails();
  expect(text).toMatch(/1,?820 keys/);
  expect(text).toContain("minKeys");
  stack.set({ minKeys: "1000" });
  await stack.up();
});
