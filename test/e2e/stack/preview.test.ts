import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

// What a reviewer sees of a change before it is made, and whether it then comes about as it was announced.
let stack: TestStack;
let diff: string;

beforeAll(async () => {
  const port = await freePorts(1);
  stack = await new TestStack({ topology: "standalone", port: `${port}`, warm: "off", keyPrefixes: "recipe:" }).init();
  await stack.up();
  stack.set({ memory: "300mb", ioThreads: "2", directives: '{"maxmemory-samples": "10"}', keyPrefixes: "user:" });
  diff = await stack.preview("--diff");
});
afterAll(() => stack?.end());

it("shows each changed directive with both values, under what the change does", () => {
  expect(changesOf("live")).toEqual([
    '~ maxmemory: "256mb" => "300mb"',
    '~ maxmemory-clients: "64mb" => "75mb"',
    '+ maxmemory-samples: "10"',
  ]);
  expect(changesOf("restart")).toEqual(['+ io-threads: "2"']);
});

it("a preview without details already tells a live change from a restart", async () => {
  expect(await stack.preview()).toMatch(/RedisProcess cache-0 update \[diff: [^\]]*~live,[^\]]*restart/);
});

it("hides what is made of secrets, and shows that it changes", async () => {
  expect(diff).toMatch(/acl\s*: \[secret\]/);
  expect(diff).not.toMatch(/~recipe:|~user:|#[0-9a-f]{64}/);
  for (const password of Object.values(await stack.passwords())) expect(diff).not.toContain(password);
});

it("what was announced as live is set without a restart, and the other is not", async () => {
  const client = clientOf((await stack.outputs()).endpoints.operator);
  const runId = async () => /run_id:(\w+)/.exec(await client.info("server"))?.[1];
  const before = await runId();
  stack.set({ ioThreads: undefined });
  await stack.up();
  expect(await runId()).toBe(before);
  expect(await client.config("GET", "maxmemory-samples")).toEqual(["maxmemory-samples", "10"]);
  stack.set({ ioThreads: "2" });
  await stack.up();
  const after = clientOf((await stack.outputs()).endpoints.operator);
  expect(/run_id:(\w+)/.exec(await after.info("server"))?.[1]).not.toBe(before);
  expect(await after.config("GET", "io-threads")).toEqual(["io-threads", "2"]);
  client.disconnect();
  after.disconnect();
});

/** The lines of an input that is a set of directives which show a change; Pulumi prints the others of the set as well. */
function changesOf(input: string): string[] {
  const [, inside = ""] = new RegExp(`~ ${input}\\s*: \\{([^}]*)\\}`).exec(diff) ?? [];
  const lines = inside.split("\n").map((line) => line.trim().replace(/\s*:\s+/, ": "));
  return lines.filter((line) => /^[~+-]/.test(line));
}
