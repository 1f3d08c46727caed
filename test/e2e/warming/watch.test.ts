import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "hearth-watch-"));
const endpoint = join(folder, "endpoint.json");
const plan = join(folder, "plan.yaml");
const KEYS = 1000;

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;
let child: ChildProcess | undefined;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = (redis.servers[0] as TestRedis).client;
  writeFileSync(endpoint, JSON.stringify(redis.endpoint));
  const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${KEYS}) n`;
  const dataset = { name: "items", query, key: "item:{id}", value: { type: "json" }, ttl: "1 hour" };
  writeFileSync(plan, JSON.stringify({ name: "watched", datasets: [dataset] }));
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  await client.flushall();
});

afterEach(async () => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
});

/** Starts `hearth warm --watch` from source: the clock asks for one run only. */
function watch(...options: string[]) {
  const always = ["--watch", "--first-after", "0", "--json", "--progress", "none", "--hit-window", "1"];
  const args = [main, "warm", "--plan", plan, "--endpoint", endpoint, ...always, ...options];
  const env = { ...process.env, DATABASE_URL: postgres.url };
  const started = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  child = started;
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    started[name].setEncoding("utf8").on("data", (piece) => {
      text[name] += piece;
    });
  }
  const ended = once(started, "close").then(([code]) => code as number | null);
  const reports = () => {
    const lines = text.stdout.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  };
  return { child: started, ended, text, reports };
}

/** What users do: GETs of keys that are there, and of keys that are not. */
async function read(hits: number, misses: number): Promise<void> {
  const pipeline = client.pipeline();
  for (let id = 1; id <= hits; id++) pipeline.get(`item:${id}`);
  for (let id = 1; id <= misses; id++) pipeline.get(`nothing:${id}`);
  await pipeline.exec();
}

it("a watch warms again when the users' reads miss too often: below 85 % by default", async () => {
  const { child, ended, text, reports } = watch();
  await until("the first run has ended", async () => reports().length === 1);
  // 90 % hit: that is enough. Several windows of it, each of more reads than one needs to count.
  const reading = performance.now() + 3500;
  await until("users have read for three windows", async () => {
    await read(90, 10);
    return performance.now() > reading;
  });
  expect(reports()).toHaveLength(1);

  // Half of the keys go, as by eviction or a deployment: real misses of real keys.
  await client.del(...Array.from({ length: KEYS / 2 }, (_, index) => `item:${index + 1}`));
  await until("the cache is warmed again", async () => {
    if (reports().length === 2) return true;
    await read(KEYS / 2 + 100, 0); // 500 of 600 are gone
    return false;
  });
  expect(await client.dbsize()).toBe(KEYS);
  expect(await client.get("item:1")).toContain("c4ca4238a0b923820dcc509a6f75849b");
  expect(reports()).toMatchObject([
    { ok: true, keys: KEYS },
    { ok: true, keys: KEYS },
  ]);
  const [, rate, reads] =
    /^warming for the first time\nwarming again: ([\d.]+) % of (\d+) reads hit\n/.exec(text.stderr) ?? [];
  expect(Number(rate)).toBeLessThan(85);
  expect(Number(reads)).toBeGreaterThanOrEqual(100);
  child.kill("SIGTERM");
  expect(await ended).toBe(130);
});

it("a threshold, and a least number of reads, of one's own", async () => {
  const { child, ended, text, reports } = watch("--min-hit-rate", "0.95", "--min-reads", "2000");
  await until("the first run has ended", async () => reports().length === 1);
  // 90 % hit, which is too few here, but of no more than 1,000 reads: that says nothing yet.
  const quiet = performance.now() + 2500;
  await read(900, 100);
  await until("two windows have passed", async () => performance.now() > quiet);
  expect(reports()).toHaveLength(1);
  await until("the cache is warmed again", async () => {
    await read(900, 100);
    return reports().length === 2;
  });
  expect(text.stderr).toMatch(/\nwarming again: 90\.0 % of \d{4,} reads hit\n/);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
});
