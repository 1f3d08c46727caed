import { writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { CacheWarming, RedisStandalone } from "../../infra/index.ts";
import { temporaryFolder } from "../support/folders.ts";
import { registered } from "../support/mocks.ts";

const plan = { name: "test", datasets: [{ name: "things", query: "SELECT 1 AS id", key: "thing:{id}" }] };

async function run(args: Partial<ConstructorParameters<typeof CacheWarming>[1]>) {
  const resources = await registered(() => {
    const cache = new RedisStandalone("cache", { password: "a password of my own" });
    new CacheWarming("warming", { cache, plan, source: "demo", ...args });
  });
  const found = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/hearth:Warming");
  if (!found) throw new Error("no Warming was registered");
  return found;
}

describe("CacheWarming", () => {
  it("hands the run all that must warm again when it changes", async () => {
    const { name, inputs } = await run({ minKeys: 1000, minHitRatio: 0.7, deadline: "30 seconds" });
    expect(name).toBe("warming-run");
    expect(inputs).toMatchObject({
      operation: "warm",
      name: "warming",
      plan,
      source: "demo",
      gate: { minKeys: 1000, minHitRatio: 0.7, onNoTraffic: "fail" },
      deadlineMs: 30_000,
      tool: expect.stringMatching(/^\d+\.\d+\.\d+\+[0-9a-f]{8}$/),
      behind: ["data-of-cache-0"],
    });
    expect(inputs).not.toHaveProperty("trigger");
    // Controls that are not given are the library's to choose.
    expect(inputs).not.toHaveProperty("controls");
    expect(JSON.stringify(inputs.warmerEndpoint)).toContain('"username":"warmer"');
  });

  it("hands on how far it may go, and the warmer's own endpoint", async () => {
    const endpoint = { topology: "standalone" as const, nodes: [{ host: "redis", port: 6379 }], database: 0 };
    const cache = { endpoint, warmerEndpoint: { ...endpoint, username: "warmer", password: "its own password" } };
    const pace = { keysPerSecond: 5000, bytesPerSecond: "10mb", latencyCeiling: "20 ms" };
    const { inputs } = await run({ cache, ...pace, headroom: 0.2, onBusy: "fail" });
    expect(inputs).toMatchObject({ endpoint: cache.endpoint, warmerEndpoint: cache.warmerEndpoint });
    expect(inputs.controls).toEqual({
      keysPerSecond: 5000,
      bytesPerSecond: 10_485_760,
      latencyCeilingMs: 20,
      headroom: 0.2,
      onBusy: "fail",
    });
    expect((await run({ latencyCeiling: 0, headroom: 1 })).inputs.controls).toEqual({
      latencyCeilingMs: null,
      headroom: 0.99,
    });
  });

  it("warms in every update where that is asked for, or for a trigger", async () => {
    expect((await run({ when: "always" })).inputs.trigger).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect((await run({ trigger: "release 7" })).inputs.trigger).toBe("release 7");
  });

  it("reads a plan's file, YAML or JSON, and keeps a plan's name", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    writeFileSync(`${folder.path}/plan.yaml`, "name: from-yaml\ndatasets: []\n");
    expect((await run({ plan: `${folder.path}/plan.yaml` })).inputs.plan).toEqual({ name: "from-yaml", datasets: [] });
    expect((await run({ plan: "meal-planner" })).inputs.plan).toBe("meal-planner");
  });

  it("a URL is the source's secret", async () => {
    const { inputs } = await run({ source: { url: "postgres://user:sesame@db/app" } });
    expect(inputs.source).toEqual({ url: "postgres://user:sesame@db/app" });
  });

  it("refuses all that is wrong at once, before anything is registered", async () => {
    const gate = { when: "often", minKeys: -1, minHitRatio: 90, onNoTraffic: "shrug", deadline: "soon" };
    const pace = { keysPerSecond: 0.5, bytesPerSecond: "fast", latencyCeiling: "5", headroom: -1, onBusy: "waiting" };
    const wrong = { ...gate, ...pace } as never;
    const resources = await registered(() => {
      const cache = { endpoint: { topology: "standalone" as const, nodes: [], database: 0 } };
      expect(() => new CacheWarming("warming", { cache, plan, source: "demo", ...(wrong as object) })).toThrow(
        [
          '10 problems with CacheWarming "warming":',
          " - minKeys: -1 is not allowed: write a whole number from 0 to 1000000000000, such as 1",
          " - minHitRatio: 90 is not a share: write a number from 0 to 1, such as 0.9; did you mean 0.9?",
          ' - onNoTraffic: "shrug" is not known: choose one of "fail", "warn", "pass"',
          ' - when: "often" is not known: choose one of "change", "always"',
          ' - deadline: "soon" is not a time: write a number of milliseconds, or a number with ms, seconds, minutes, hours or days, as in "5 seconds"',
          ' - latencyCeiling: "5" is not a time: write a number of milliseconds, or a number with ms, seconds, minutes, hours or days, as in "5 seconds"; did you mean "5 seconds" or "5 ms"?',
          " - headroom: -1 is not a share: write a number from 0 to 1, such as 0.1",
          " - keysPerSecond: 0.5 is not allowed: write a whole number from 1 to 1000000000, such as 5000",
          ' - bytesPerSecond: "fast" is not a size: write a number of bytes, or a whole number with k, m, g (thousands) or kb, mb, gb (1024s), as in "256mb"',
          ' - onBusy: "waiting" is not known: choose one of "wait", "fail"',
        ].join("\n"),
      );
    });
    expect(resources).toEqual([]);
  });

  it("a plan's file that is not there is named", async () => {
    await registered(() => {
      const cache = { endpoint: { topology: "standalone" as const, nodes: [], database: 0 } };
      expect(() => new CacheWarming("warming", { cache, plan: "no/such/plan.yaml", source: "demo" })).toThrow(
        /plan: "no\/such\/plan.yaml" cannot be read: ENOENT.*relative to the folder of Pulumi.yaml/,
      );
    });
  });
});
