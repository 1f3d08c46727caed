import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import { startStandalone, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hearth` from source; `input` goes to its standard input. */
async function hearth(
  args: readonly string[],
  input = "",
  env: NodeJS.ProcessEnv = {},
  signalAfter?: () => Promise<unknown>,
) {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const closed = once(child, "close");
  if (signalAfter !== undefined) {
    await signalAfter();
    child.kill("SIGINT");
  }
  const [code] = (await closed) as [number | null];
  return { code, stdout, stderr } satisfies Ended;
}

describe("hearth", () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-commands-"));
  let database: DemoDatabase;
  let redis: TestTopology<"standalone">;
  let endpoint: string;
  beforeAll(async () => {
    [database, redis] = await Promise.all([startDemoDatabase(), startStandalone()]);
    endpoint = join(folder, "endpoint.json");
    writeFileSync(endpoint, JSON.stringify(redis.endpoint));
  });
  afterAll(async () => {
    await Promise.all([database?.stop(), redis?.stop()]);
    rmSync(folder, { recursive: true });
  });

  it("warm: reads all outputs of a stack from standard input, and prints a summary", async () => {
    const outputs = JSON.stringify({ endpoint: redis.endpoint, url: "redis://...", report: {} });
    const { code, stdout } = await hearth(["warm", "--plan", "meal-planner", "--source", "demo"], outputs);
    expect(stdout).toMatch(/^dataset +priority +status +rows +keys +failed +sent +time\n/);
    expect(stdout).toMatch(/preferences +HIGH +done +1,000 +1,000 +0/);
    expect(stdout).toMatch(/1,820 keys in [\d.]+ s, [\d,]+ keys\/s while writing/);
    expect(stdout).toMatch(
      /hit ratio 0\.9\d\d \(6,\d\d\d of 6,489 requests of the access log; 0\.9\d\d-0\.9\d\d at 95 % for all 20,000\), 0\.000 before \(\+9\d\.\d points\)\nresponse time +hit \(Redis\) +miss \(PostgreSQL\) +faster\np50 .*x\np95 .*x\nverdict: warm\n$/,
    );
    expect(code).toBe(0);
  });

  it("warm --json: prints the report; the URL comes from DATABASE_URL", async () => {
    const args = ["warm", "--plan", "meal-planner", "--endpoint", endpoint, "--json", "--count", "10"];
    const { code, stdout } = await hearth(args, "", { DATABASE_URL: database.url });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, keys: 50 });
    expect(code).toBe(0);
  });

  it("warm --progress json --report: a JSON object a line on standard error, and a page with charts", async () => {
    const page = join(folder, "report.html");
    const args = ["warm", "--plan", "meal-planner", "--endpoint", endpoint, "--count", "10", "--report", page];
    const asked = [...args, "--progress", "json", "--min-hit-ratio", "0"];
    const { code, stdout, stderr } = await hearth(asked, "", { DATABASE_URL: database.url });
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([...new Set(events.map(({ event, step }) => step ?? event))]).toEqual([
      ...["connecting", "looking", "warming", "progress", "validating", "end"],
    ]);
    expect(events.at(-1)).toMatchObject({ ok: true, verdict: "warm", totalKeysWarmed: 50, warmingProgress: 100 });
    expect(events.at(-1).phases.recipes).toEqual({ status: "done", keys: 10, failed: 0, total: 10 });
    expect(stdout).toMatch(/^dataset /);
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>[\s\S]*The cache is warm[\s\S]*<\/html>\n$/);
    expect(code).toBe(0);
  });

  it("warm: exit code 1 when the gate is missed", async () => {
    const source = join(folder, "source");
    writeFileSync(source, `${database.url}\n`);
    const args = ["warm", "--plan", "meal-planner", "--endpoint", endpoint, "--source", source, "--min-keys", "2000"];
    const { code, stdout } = await hearth(args);
    expect(stdout).toContain("problem: 1,820 keys were written, and minKeys asks for 2,000");
    expect(code).toBe(1);
  });

  it("warm --dry-run: tells what would be written, and needs no Redis", async () => {
    const { code, stdout } = await hearth(["warm", "--plan", "meal-planner", "--source", "demo", "--dry-run"]);
    expect(stdout).toContain("recipes      CRITICAL    100  recipe:2400, ");
    expect(stdout).toContain("1,820 keys would be written; nothing was.");
    expect(code).toBe(0);
  });

  it("warm: exit code 130 when interrupted, with what was done", async () => {
    const plan = join(folder, "slow.yaml");
    writeFileSync(
      plan,
      [
        "name: slow",
        "datasets:",
        "  - { name: quick, priority: CRITICAL, query: SELECT 1 AS id, key: 'quick:{id}', value: { type: json } }",
        "  - { name: slow, query: 'SELECT 1 AS id FROM pg_sleep(60)', key: 'slow:{id}', value: { type: json } }",
      ].join("\n"),
    );
    const client = redis.servers[0]?.client;
    const written = () => until("the first dataset is written", async () => (await client?.exists("quick:1")) === 1);
    const args = ["warm", "--plan", plan, "--endpoint", endpoint];
    const { code, stdout } = await hearth(args, "", { DATABASE_URL: database.url }, written);
    expect(code).toBe(130);
    expect(stdout).toMatch(/failed: .*interrupted by SIGINT/);
    expect(stdout).toMatch(/1 key in/);
  });

  it("validate: tells a warm cache from a cold one, and writes nothing", async () => {
    const client = redis.servers[0]?.client;
    const args = ["validate", "--plan", "meal-planner", "--endpoint", endpoint, "--source", "demo"];
    await hearth(["warm", ...args.slice(1)]);
    const warm = await hearth(args);
    expect(warm.stdout).toMatch(/verdict: warm\n$/);
    expect(warm.code).toBe(0);
    await client?.flushall();
    const cold = await hearth([...args, "--json"]);
    expect(JSON.parse(cold.stdout)).toMatchObject({ verdict: "cold", replay: { hits: 0, hitRatio: 0 } });
    expect(cold.code).toBe(1);
    expect(await client?.dbsize()).toBe(0);
  });

  it("stats: a line for each server; exit code 3 when one does not answer", async () => {
    const { code, stdout } = await hearth(["stats", "--endpoint", endpoint]);
    expect(stdout).toMatch(
      /^server +role +keys +memory +limit +hits +misses +ratio +evicted +clients\n127\.0\.0\.1:\d+ +primary /,
    );
    expect(code).toBe(0);
    const dead = JSON.stringify({ ...redis.endpoint, nodes: [{ host: "127.0.0.1", port: 1 }] });
    const silent = await hearth(["stats"], dead);
    expect(silent.stdout).toContain("127.0.0.1:1 does not answer: connect ECONNREFUSED");
    expect(silent.code).toBe(3);
  });

  it("plan check: names every problem", async () => {
    expect(await hearth(["plan", "check", "meal-planner"])).toEqual({
      code: 0,
      stdout: "meal-planner: 5 datasets (recipes, preferences, searches, meal-plans, nutrition); nothing is wrong.\n",
      stderr: "",
    });
    const plan = join(folder, "wrong.yaml");
    writeFileSync(
      plan,
      "name: x\ndatasets:\n  - { name: A, query: 'SELECT 1; SELECT 2', key: '{id', value: { type: json } }\n",
    );
    const { code, stderr } = await hearth(["plan", "check", plan]);
    expect(stderr).toMatch(
      /The warm plan has 3 problems:\n.*datasets\[0\]\.name.*\n.*datasets\[0\]\.query.*\n.*datasets\[0\]\.key/,
    );
    expect(code).toBe(2);
  });

  it.each([
    [
      ["warm", "--plan", "meal-planer", "--source", "demo"],
      "",
      /no built-in plan "meal-planer"; there are "meal-planner"/,
    ],
    [
      ["warm", "--plan", "missing.yaml", "--source", "demo"],
      "",
      /Cannot read the warm plan missing\.yaml: there is no such file/,
    ],
    [["warm", "--plan", "meal-planner"], "", /There is no source: set DATABASE_URL/],
    [
      ["warm", "--plan", "meal-planner", "--source", "postgres://u:s3cret@h/d"],
      "",
      /--source: a URL on the command line can be seen/,
    ],
    [["warm", "--plan", "meal-planner", "--source", "demo"], "{", /standard input is not JSON/],
    [
      ["warm", "--plan", "meal-planner", "--source", "demo"],
      '{"endpoint":"[secret]"}',
      /"\[secret\]" in place of the endpoint.*--show-secrets/,
    ],
    [["stats"], '{"topology":"standalone","nodes":[]}', /has no endpoint of Hearth: nodes: .*database: /],
    [
      ["warm", "--plan", "x", "--count", "0"],
      "",
      /--count <rows>' argument '0' is invalid\. Allowed is a whole number from 1 up/,
    ],
    [["warm", "--plan", "meal-planner", "--source", "demo", "--report", "r.pdf"], "", /r\.pdf is neither \.html nor/],
    [["warm", "--plan", "meal-planner", "--source", "demo", "--report", "no/r.html"], "", /folder no cannot .*ENOENT/],
    [["warm", "--plan", "x", "--progress", "dots"], "", /Allowed choices are auto, bars, lines, json, none/],
    [["warm", "--plan", "x", "--min-hit-ratio", "90"], "", /Allowed is a share from 0 to 1/],
    [["warm", "--plan", "x", "--on-no-traffic", "shrug"], "", /Allowed choices are fail, warn, pass/],
    [["warm"], "", /required option '--plan <file or name>' not specified/],
  ] as const)("wrong input ends with exit code 2: %j", async (args, input, message) => {
    const { code, stderr } = await hearth(args, input, { DATABASE_URL: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("s3cret");
    expect(code).toBe(2);
  });

  it("exit code 3 when PostgreSQL cannot be reached", async () => {
    const env = { DATABASE_URL: "postgres://someone:s3cret@127.0.0.1:1/none" };
    const { code, stdout, stderr } = await hearth(["warm", "--plan", "meal-planner", "--endpoint", endpoint], "", env);
    expect(stdout + stderr).toMatch(/127\.0\.0\.1:1/);
    expect(stdout + stderr).not.toContain("s3cret");
    expect(code).toBe(3);
  });

  it.each([["warm"], ["validate"], ["stats"], ["plan", "check"]])(
    "%s --help shows examples and exit codes",
    async (...names) => {
      const { code, stdout } = await hearth([...names, "--help"]);
      expect(stdout).toContain("Examples:");
      expect(stdout).toContain("Exit codes:");
      expect(code).toBe(0);
    },
  );
});
