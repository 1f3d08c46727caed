import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import { estimatePlan } from "../../../warmer/estimate.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { builtInPlan } from "../../../warmer/plans/index.ts";
import { warm } from "../../../warmer/warm.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;

async function hearth(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdin.end();
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("estimate", () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-estimate-"));
  const endpoint = join(folder, "endpoint.json");
  let database: DemoDatabase;
  let redis: TestTopology<"standalone">;
  let client: Redis;
  beforeAll(async () => {
    [database, redis] = await Promise.all([startDemoDatabase(), startStandalone()]);
    client = redis.servers[0]?.client as Redis;
    writeFileSync(endpoint, JSON.stringify(redis.endpoint));
  });
  afterAll(async () => {
    await Promise.all([database?.stop(), redis?.stop()]);
    rmSync(folder, { recursive: true });
  });

  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);

  it.each(["meal-planner", "sessions", "running-app", "api-keys"])(
    "of %s is close to what comes of it",
    async (name) => {
      const plan = parsePlan(builtInPlan(name));
      const estimate = await estimatePlan({ plan, source: { url: database.url } });
      await client.flushall();
      const before = await used();
      const outcome = await warm({ endpoint: redis.endpoint, plan, postgresUrl: database.url });
      const memory = (await used()) - before;
      const within = (estimated: number, real: number, share: number) => {
        expect(estimated).toBeGreaterThan(real * (1 - share));
        expect(estimated).toBeLessThan(real * (1 + share));
      };
      expect(estimate.keys).toBe(outcome.keys);
      within(estimate.bytes, outcome.bytes, 0.1);
      within(estimate.memory, memory, 0.35);
      expect(estimate.milliseconds).toBeGreaterThan(0);
      expect(estimate.milliseconds).toBeLessThan(20_000);
    },
  );

  it("of a large dataset goes by PostgreSQL's estimate, and by the rows that were looked at", async () => {
    const query = "SELECT n AS id, repeat('x', 100) AS v FROM generate_series(1, 100000) AS n";
    const dataset = { name: "a", query, key: "a:{id}", value: { type: "string", column: "v" } };
    const plan = parsePlan({ name: "large", datasets: [dataset] });
    const { datasets, keys, bytes, memory } = await estimatePlan({ plan, source: { url: database.url } });
    expect(datasets).toMatchObject([{ name: "a", counted: false }]);
    expect(keys).toBe(100_000);
    expect(bytes / keys).toBeGreaterThan(100);
    expect(memory / keys).toBeGreaterThan(150);
  });

  it("is printed for people and machines, and leaves Redis alone", async () => {
    const env = { DATABASE_URL: database.url };
    await client.flushall();
    const people = await hearth(["estimate", "--plan", "meal-planner", "--endpoint", endpoint], env);
    expect(people.stdout).toMatch(/^dataset +priority +keys +to send +in Redis +time\nrecipes +CRITICAL +100 /);
    expect(people.stdout).toMatch(
      /about 1,\d\d\d keys, .* to send, .* of Redis's memory, .*\nRedis uses .* and has no limit\n$/,
    );
    expect(people.code).toBe(0);
    const machines = await hearth(["estimate", "--plan", "api-keys", "--json"], env);
    expect(JSON.parse(machines.stdout)).toMatchObject({
      plan: "api-keys",
      keys: 1220,
      datasets: [{ name: "validation" }, {}, {}],
    });
    expect(await client.dbsize()).toBe(0);
  });

  it("says when it does not fit: exit code 1", async () => {
    const info = await client.info("memory");
    await client.config("SET", "maxmemory", String(Number(/used_memory:(\d+)/.exec(info)?.[1]) + 200_000));
    try {
      const args = ["estimate", "--plan", "meal-planner", "--source", "demo", "--endpoint", endpoint];
      const { code, stdout } = await hearth(args);
      expect(stdout).toMatch(/has a limit of .*: this does not fit; raise maxmemory/);
      expect(code).toBe(1);
    } finally {
      await client.config("SET", "maxmemory", "0");
    }
  });

  it("plan explain and plan schema print JSON", async () => {
    const explained = await hearth(["plan", "explain", "sessions", "--json"], { DATABASE_URL: database.url });
    expect(JSON.parse(explained.stdout)).toMatchObject({
      plan: "sessions",
      datasets: [{ name: "sessions" }],
      missingIndexes: [],
    });
    expect(explained.code).toBe(0);
    const schema = await hearth(["plan", "schema"]);
    expect(JSON.parse(schema.stdout)).toMatchObject({ title: "Hearth warm plan", required: ["name", "datasets"] });
    expect(schema.code).toBe(0);
  });

  it.each([
    [["estimate", "--plan", "sessions"], 2, /There is no source/],
    [["estimate"], 2, /required option '--plan/],
    [["plan", "explain", "nothing", "--source", "demo"], 2, /no built-in plan "nothing"; there are "meal-planner", /],
    [["plan", "explain", "sessions"], 3, /Cannot connect to PostgreSQL 127\.0\.0\.1:1\/none/],
  ] as const)("%j ends with exit code %i", async (args, expected, message) => {
    const env = { DATABASE_URL: expected === 3 ? "postgres://a:s3cret@127.0.0.1:1/none" : "" };
    const { code, stderr } = await hearth(args, env);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("s3cret");
    expect(code).toBe(expected);
  });

  it.each([["estimate"], ["plan", "explain"], ["plan", "schema"]])(
    "%s --help shows examples and exit codes",
    async (...names) => {
      const { code, stdout } = await hearth([...names, "--help"]);
      expect(stdout).toContain("Examples:");
      expect(stdout).toContain("Exit codes:");
      expect(code).toBe(0);
    },
  );
});
