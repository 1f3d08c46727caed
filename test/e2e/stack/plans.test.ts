import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WarmReport } from "../../../contract/warming.ts";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

// The plans that Hearth brings, each by its name in the stack's configuration: one stack, updated from plan to plan.
let stack: TestStack;

beforeAll(async () => {
  const port = await freePorts(1);
  stack = await new TestStack({ port: `${port}`, source: "demo", persistence: "none" }).init();
});
afterAll(() => stack?.end());

const written = ({ datasets }: WarmReport) => Object.fromEntries(datasets.map(({ name, keys }) => [name, keys]));

describe.each<[plan: string, minKeys: number, datasets: Record<string, number>]>([
  ["meal-planner", 1820, { recipes: 100, preferences: 1000, searches: 20, "meal-plans": 500, nutrition: 200 }],
  ["sessions", 856, { sessions: 856 }],
  ["running-app", 503, {}],
  ["api-keys", 1220, {}],
])("hearth:plan %s", (plan, minKeys, datasets) => {
  it("passes its gate, and the report tells of every dataset", async () => {
    stack.set({ plan, minKeys: `${minKeys}`, minHitRatio: "0.9" });
    const text = await stack.up();
    expect(text).toMatch(/verdict: warm/);
    const { report, endpoint } = await stack.outputs();
    expect(report).toMatchObject({ ok: true, keys: minKeys, failed: 0, validation: { verdict: "warm", problems: [] } });
    expect(report.validation?.replay.hitRatio).toBeGreaterThanOrEqual(0.9);
    expect(report.datasets.map(({ status }) => status)).toEqual(report.datasets.map(() => "done"));
    expect(written(report)).toMatchObject(datasets);
    // Pulumi sorts keys.
    expect(Object.keys(report.metrics.phases).sort()).toEqual(report.datasets.map(({ name }) => name).sort());
    for (const { name } of report.datasets)
      expect(text).toMatch(new RegExp(`${name} +(CRITICAL|HIGH|MEDIUM|LOW) +done`));
    const client = clientOf(endpoint);
    expect(await client.dbsize()).toBeGreaterThanOrEqual(minKeys);
    client.disconnect();
  });
});

it("a plan of no such name is refused in the preview", async () => {
  stack.set({ plan: "meal-planer" });
  expect(await stack.previewFails()).toMatch(/meal-planer/);
});

it("controls reach the warmer: they are checked in the preview, and the run keeps to them", async () => {
  stack.set({ plan: "sessions", minKeys: "856", keysPerSecond: "0", latencyCeiling: "soon" });
  const refused = await stack.previewFails();
  expect(refused).toMatch(/2 problems with the stack's configuration/);
  expect(refused).toMatch(/hearth:keysPerSecond: 0 is not allowed/);
  stack.set({ keysPerSecond: "800", latencyCeiling: "20 ms" });
  await stack.up();
  const { report } = await stack.outputs();
  expect(report.keys).toBe(856);
  expect(report.rate).toBeGreaterThan(200);
  // A second's worth may go out at once; 20,000 keys a second are usual.
  expect(report.rate).toBeLessThan(1700);
});
