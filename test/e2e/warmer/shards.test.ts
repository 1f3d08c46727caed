import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WarmReport } from "../../../contract/warming.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "hearth-shards-"));
const endpoint = join(folder, "endpoint.json");
const rows = 3000;
let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

const users = "SELECT id, name, team FROM users ORDER BY id";

/** Datasets of every type, and the keys that they must leave. */
const datasets = [
  { name: "hash", query: users, key: "hash:{id}", value: { type: "hash" }, ttl: 3600, resumeBy: "id" },
  { name: "json", query: users, key: "json:{name|lower}", value: { type: "json" }, ttl: 3600 },
  { name: "string", query: users, limit: 1000, key: "string:{id}", value: { type: "string", column: "name" } },
  { name: "set", query: users, key: "set:{team}", value: { type: "set", member: "name" } },
  { name: "zset", query: users, limit: 100, key: "zset:{team}", value: { type: "zset", member: "name", score: "id" } },
];
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const expected = [
  ...numbers(rows).flatMap((id) => [`hash:${id}`, `json:user-${id}`]),
  ...numbers(1000).map((id) => `string:${id}`),
  ...numbers(300).map((id) => `set:${id % 300}`),
  ...numbers(100).map((id) => `zset:${id}`),
].sort();

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = (redis.servers[0] as TestRedis).client;
  await postgres.sql(
    `CREATE TABLE users AS SELECT n AS id, 'User-' || n AS name, n % 300 AS team FROM generate_series(1, ${rows}) n`,
  );
  writeFileSync(endpoint, JSON.stringify(redis.endpoint));
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  await client.flushall();
});

function planFile(name: string, of: readonly unknown[]): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ name, datasets: of }));
  return file;
}

/** Runs `hearth warm --json` from source. */
function start(plan: string, ...options: string[]) {
  const child = spawn(process.execPath, [main, "warm", "--plan", plan, "--endpoint", endpoint, "--json", ...options], {
    env: { ...process.env, DATABASE_URL: postgres.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (piece) => {
      text[name] += piece;
    });
  }
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...text }));
  return { child, ended };
}

describe("hearth warm --shard", () => {
  it("four at once write every key once, of every type", async () => {
    const plan = planFile("everything", datasets);
    const ends = await Promise.all(numbers(4).map((n) => start(plan, "--shard", `${n - 1}/4`).ended));
    expect(ends.map(({ code, stderr }) => (code === 0 ? "" : stderr))).toEqual(["", "", "", ""]);
    const reports = ends.map(({ stdout }) => JSON.parse(stdout) as WarmReport);
    expect(reports.reduce((sum, { keys }) => sum + keys, 0)).toBe(expected.length);
    expect(Math.min(...reports.map(({ keys }) => keys))).toBeGreaterThan(expected.length / 5);
    expect((await client.keys("*")).sort()).toEqual(expected);
    for (const { name } of datasets) {
      const parts = reports.map((report) => report.datasets.find((dataset) => dataset.name === name)?.keys ?? 0);
      expect(parts.reduce((sum, keys) => sum + keys, 0)).toBe(
        expected.filter((key) => key.startsWith(`${name}:`)).length,
      );
    }
    // Each is proven warm by itself: what it looks for are the keys of its own part.
    for (const { validation } of reports) {
      expect(validation).toMatchObject({ verdict: "warm", replay: { hitRatio: 1 } });
      expect(validation?.replay.population).toBeLessThan(expected.length / 3);
    }
    expect(await client.scard("set:7")).toBe(10);
    expect(await client.zrange("zset:7", "0", "1", "WITHSCORES")).toEqual(["User-7", "7", "User-307", "307"]);
    expect(await client.hgetall("hash:42")).toEqual({ id: "42", name: "User-42", team: "42" });
  });

  it("of few keys, a part may have none", async () => {
    const plan = planFile("few", [{ ...datasets[0], limit: 2, resumeBy: undefined }]);
    const ends = await Promise.all(numbers(4).map((n) => start(plan, "--shard", `${n - 1}/4`).ended));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect((await client.keys("*")).sort()).toEqual(["hash:1", "hash:2"]);
  });

  it("is locked against the same part alone, and goes on where it was interrupted", async () => {
    // Rows wide enough to come in several pieces of network data, after each of which a place may be noted.
    const wide = "SELECT id, repeat('x', 500) AS more FROM users";
    const plan = planFile("locked", [{ ...datasets[0], query: wide }]);
    const slow = ["--shard", "0/2", "--keys-per-second", "150"];
    const first = start(plan, ...slow);
    await until("a place is noted", async () => (await client.exists("hearth:resume:locked:0/2")) === 1);
    const [same, other] = await Promise.all([start(plan, ...slow).ended, start(plan, "--shard", "1/2").ended]);
    expect(same).toMatchObject({ code: 4, stderr: expect.stringContaining("Another warmer is at work on the plan") });
    expect(other.code).toBe(0);
    first.child.kill("SIGINT");
    const died = await first.ended;
    expect(died.code).toBe(130);
    const again = await start(plan, "--shard", "0/2").ended;
    expect(again.stdout).toMatch(/had been written by an earlier run .* went on after row \d+/);
    expect(JSON.parse(again.stdout).keys + JSON.parse(other.stdout).keys).toBe(rows);
    expect(await client.dbsize()).toBe(rows);
  });

  it.each(["4/4", "5/4", "-1/4", "1", "1/0", "0/10001", "a/b", "1/4/2", "0.5/2"])("refuses %s", async (shard) => {
    const { code, stderr } = await start(planFile("one", [datasets[0]]), `--shard=${shard}`).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(
      `error: option '--shard <i/n>' argument '${shard}' is invalid. Allowed is i/n, n from 1 to 10000 and i from 0 to ` +
        "n-1, such as 0/4, 1/4, 2/4 and 3/4.",
    );
    expect(stderr.includes("counted from 0: the last is 3/4")).toBe(shard === "4/4");
  });

  it("refuses a dry run", async () => {
    const { code, stderr } = await start(planFile("one", [datasets[0]]), "--shard", "0/2", "--dry-run").ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "hearth: --shard: a dry run shows examples of the whole plan; leave --shard out\n",
    });
  });
});
