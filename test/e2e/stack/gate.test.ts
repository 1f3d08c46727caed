import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePorts } from "../../support/ports.ts";
import { pidOf } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";

// A program of a user's: a cache, its warming, and something that must not be made before the cache is warm.
const root = resolve(import.meta.dirname, "../../..");
const project = temporaryFolder();
let stack: TestStack;

beforeAll(async () => {
  const port = await freePorts(2);
  mkdirSync(join(project.path, "node_modules"));
  symlinkSync(root, join(project.path, "node_modules/hearth"));
  symlinkSync(join(root, "node_modules/@pulumi"), join(project.path, "node_modules/@pulumi"));
  writeFileSync(join(project.path, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  const runtime = { name: "nodejs", options: { typescript: false } };
  writeFileSync(join(project.path, "Pulumi.yaml"), JSON.stringify({ name: "app", runtime, main: "index.ts" }));
  writeFileSync(
    join(project.path, "index.ts"),
    `import { Config } from "@pulumi/pulumi";
     import { CacheWarming, RedisStandalone } from ${JSON.stringify(join(root, "infra/index.ts"))};
     const config = new Config("hearth");
     const cache = new RedisStandalone("cache", { port: ${port}, persistence: "none" });
     const minKeys = Number(config.require("minKeys"));
     const warming = new CacheWarming("warming", { cache, plan: "meal-planner", source: "demo", minKeys });
     new RedisStandalone("application", { port: ${port + 1} }, { dependsOn: warming });
     export const endpoint = cache.endpoint;
     export const report = warming.report;`,
  );
  stack = await new TestStack({ minKeys: "5000" }, project.path).init();
});
afterAll(async () => {
  await stack?.end();
  project.remove();
});

it("a missed gate fails the update with the figures, and what depends on it is not made", async () => {
  const text = await stack.upFails();
  expect(text).toMatch(/1,820 keys/);
  expect(text).toMatch(/minKeys/);
  expect(text).toMatch(/5,?000/);
  const resources = JSON.parse(await stack.export()).deployment.resources as { urn: string }[];
  expect(resources.filter(({ urn }) => /::application/.test(urn))).toEqual([]);
});

it("with a gate that is met, the next update goes on from there", async () => {
  stack.set({ minKeys: "1000" });
  const text = await stack.up();
  expect(text).toMatch(/application-0 created/);
  expect(text).not.toMatch(/cache-0 (created|updated|replaced)/);
});

it("a server that was killed and keeps nothing on disk: refresh sees it, and the next update warms again", async () => {
  process.kill(pidOf(join(project.path, ".hearth", stack.name, "cache"), "cache-0"), "SIGKILL");
  expect(await stack.refresh()).toMatch(/deleted/);
  await stack.up();
  const { endpoint, report } = await stack.outputs();
  expect(report.keys).toBe(1820);
  const client = clientOf(endpoint);
  expect(await client.dbsize()).toBeGreaterThanOrEqual(1820);
  client.disconnect();
  expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
});
