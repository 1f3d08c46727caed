import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "hearth-controls-"));
const endpoint = join(folder, "endpoint.json");
const plan = join(folder, "plan.yaml");
let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  client = (redis.servers[0] as TestRedis).client;
  writeFileSync(endpoint, JSON.stringify(redis.endpoint));
  writeFileSync(
    plan,
    [
      "name: items",
      "datasets:",
      "  - name: items",
      "    query: SELECT n AS id, repeat('x', 200) AS text FROM generate_series(1, 6000) n",
      "    key: item:{id}",
      "    value: { type: json }",
      "    ttl: 1 hour",
      "    resumeBy: id",
    ].join("\n"),
  );
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  await client.flushall();
});

/** Starts `hearth warm` from source. */
function start(...options: string[]) {
  const child = spawn(process.execPath, [main, "warm", "--plan", plan, "--endpoint", endpoint, ...options], {
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
  return { child, ended, text };
}

const written = (least: number) => until(`${least} keys are written`, async () => (await client.dbsize()) >= least);

describe("hearth warm", () => {
  it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("continues where %s ended it", async (signal) => {
    const { child, ended } = start("--keys-per-second", "2000");
    await written(3000);
    await until("a place is noted", async () => (await client.exists("hearth:resume:items")) === 1);
    child.kill(signal);
    const first = await ended;
    expect(first.code).toBe(signal === "SIGKILL" ? null : 130);
    if (signal !== "SIGKILL") {
      expect(first.stdout).toMatch(
        new RegExp(`failed: interrupted by ${signal} \\(\\d+ keys had been acknowledged\\)`),
      );
      expect(first.stdout).toMatch(/items +MEDIUM +failed +[\d,]{5} +[\d,]{5} /);
    }
    const second = await start().ended;
    expect(second.stdout).toMatch(
      /items: warning: \d+ keys had been written by an earlier run .* went on after row \d{4}/,
    );
    expect(second.stdout).toMatch(/6,000 keys in .*verdict: warm\n$/s);
    expect(second.code).toBe(0);
    expect(await client.dbsize()).toBe(6000);
  });

  it("--no-resume begins again; --only-missing writes what is not there", async () => {
    const { child, ended } = start("--keys-per-second", "2000");
    await written(3000);
    child.kill("SIGINT");
    await ended;
    const again = await start("--no-resume").ended;
    expect(again.stdout).not.toContain("earlier run");
    await client.del("item:1", "item:2");
    const missing = await start("--only-missing", "--json").ended;
    const report = JSON.parse(missing.stdout);
    expect(report).toMatchObject({ ok: true, keys: 2, datasets: [{ fresh: 5998, rows: 6000 }] });
    expect(missing.code).toBe(0);
  });

  it("--on-busy: exit code 4, or waits", async () => {
    const first = start("--keys-per-second", "500");
    await written(100);
    const refused = await start().ended;
    expect(refused.stderr).toMatch(
      /^hearth: Another warmer is at work on the plan "items" in this cache \(process \d+ on /,
    );
    expect(refused.code).toBe(4);
    const waiting = start("--on-busy", "wait");
    await until("the other one to wait", async () => waiting.text.stderr.includes("waiting for it"));
    first.child.kill("SIGTERM");
    expect((await first.ended).code).toBe(130);
    expect((await waiting.ended).code).toBe(0);
    expect(await client.dbsize()).toBe(6000);
  });

  it("a plan that does not fit: exit code 3, nothing written, unless told so", async () => {
    await client.config("SET", "maxmemory", "3mb");
    const { code, stdout } = await start().ended;
    expect(stdout).toMatch(/failed: The plan does not fit into Redis's memory: it needs about [\d.]+ MB more/);
    expect(code).toBe(3);
    expect(await client.dbsize()).toBe(0);
    const forced = await start("--no-memory-guard").ended;
    await client.config("SET", "maxmemory", "0");
    expect(forced.stdout).toMatch(/refused to write: OOM/);
  });

  it("--watch warms again, prints a report for each run, and ends by a signal", async () => {
    const options = [
      "--watch",
      "--first-after",
      "0",
      "--every",
      "1",
      "--json",
      "--min-hit-rate",
      "0.5",
      "--hit-window",
      "1",
    ];
    const { child, ended, text } = start(...options);
    await until("three runs", async () => text.stdout.split("\n").length > 3);
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await ended;
    const reports = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(reports.slice(0, 3)).toMatchObject([{ ok: true, keys: 6000 }, { ok: true }, { ok: true }]);
    expect(stderr).toMatch(/^warming for the first time\nwarming again: it is time\n/);
    expect(code).toBe(130);
  });

  it.each([
    [["--latency-ceiling", "0.01"], /Allowed are milliseconds from 0\.1 to 60000, or 0 for no ceiling/],
    [["--headroom", "10"], /Allowed is a share from 0 to 1/],
    [["--bytes-per-second", "10"], /Allowed is a whole number from 1000 up/],
    [["--on-busy", "shrug"], /Allowed choices are fail, wait/],
    [["--fresh-for", "60"], /--fresh-for: says which keys --only-missing leaves alone; give both, or neither/],
  ])("wrong input ends with exit code 2: %j", async (options, message) => {
    const { code, stderr } = await start(...options).ended;
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
