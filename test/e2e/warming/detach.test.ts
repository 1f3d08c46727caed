import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ValidationReport, WarmReport } from "../../../contract/warming.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
const folder = temporaryFolder();
const [plan, report, log] = ["plan.yaml", "warm.json", "warm.log"].map((name) => join(folder.path, name)) as [
  string,
  string,
  string,
];
const password = "a-password-of-redis";
let postgres: TestPostgres;
let redis: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis([], { password })]);
  writeFileSync(
    plan,
    [
      "name: items",
      "datasets:",
      "  - name: items",
      "    query: SELECT n AS id, repeat('x', 200) AS text FROM generate_series(1, 4000) n",
      "    key: item:{id}",
      "    value: { type: json }",
      "    ttl: 1 hour",
      "    resumeBy: id",
    ].join("\n"),
  );
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
  folder.remove();
});

beforeEach(async () => {
  await redis.client.flushall();
});

/** Runs the command with the endpoint on its stdin, as `pulumi stack output ... |` does. */
async function hearth(command: string, ...options: string[]) {
  const child = spawn(process.execPath, [main, command, "--plan", plan, "--endpoint", "-", ...options], {
    env: { ...process.env, DATABASE_URL: postgres.url, PGPASSWORD: "a-password-of-postgres" },
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (piece) => {
      text[name] += piece;
    });
  }
  const nodes = [{ host: "127.0.0.1", port: redis.port }];
  child.stdin.end(JSON.stringify({ topology: "standalone", nodes, database: 0, password }));
  const [code] = await once(child, "close");
  return { code: code as number | null, ...text };
}

const pidIn = (text: string) => Number(/process (\d+)/.exec(text)?.[1]);
const logged = (text: string) => until(`the log says ${text}`, async () => readFileSync(log, "utf8").includes(text));

describe("hearth warm --detach", () => {
  it("returns while the run goes on, in a session of its own and without secrets, and writes its report", async () => {
    const { code, stdout } = await hearth("warm", "--detach", "--report", report, "--keys-per-second", "1000");
    expect(code).toBe(0);
    expect(existsSync(report)).toBe(false);
    const pid = pidIn(stdout);
    expect(stdout).toContain(`tail -f ${log}`);
    expect(stdout).toContain(`kill -INT ${pid}`);
    const about = (name: string) => readFileSync(`/proc/${pid}/${name}`, "latin1");
    const [, , group, session] = about("stat")
      .slice(about("stat").lastIndexOf(")") + 1)
      .trim()
      .split(" ");
    expect([Number(group), Number(session)]).toEqual([pid, pid]);
    expect(about("cmdline")).toContain("--detached");
    for (const secret of [password, postgres.url, "a-password-of-postgres"]) {
      expect(about("cmdline") + about("environ")).not.toContain(secret);
    }
    await until("the report is there", async () => existsSync(report));
    expect(JSON.parse(readFileSync(report, "utf8")) as WarmReport).toMatchObject({ ok: true, keys: 4000 });
    await logged("hearth: ended with exit code 0");
    expect(readFileSync(log, "utf8")).toContain("verdict: warm");
    for (const secret of [password, "a-password-of-postgres"]) expect(readFileSync(log, "utf8")).not.toContain(secret);
  });

  it("ends by a signal, and the next run goes on from there", async () => {
    const { stdout } = await hearth("warm", "--detach", "--report", report, "--keys-per-second", "1000");
    await until("a place is noted", async () => (await redis.client.exists("hearth:resume:items")) === 1);
    process.kill(pidIn(stdout), "SIGINT");
    await logged("hearth: ended with exit code 130");
    const again = await hearth("warm", "--detach", "--report", report);
    expect(again.code).toBe(0);
    await logged("hearth: ended with exit code 0");
    expect(readFileSync(log, "utf8")).toMatch(/had been written by an earlier run/);
  });

  it("tells at once what keeps it from beginning, with the exit code of the run", async () => {
    const first = await hearth("warm", "--detach", "--report", report, "--keys-per-second", "1000");
    const busy = await hearth("warm", "--detach", "--report", join(folder.path, "second.json"));
    expect(busy.stderr).toContain(
      `Another warmer is at work on the plan "items" in this cache (process ${pidIn(first.stdout)}`,
    );
    expect(busy.code).toBe(4);
    process.kill(pidIn(first.stdout), "SIGTERM");
    await logged("ended with exit code 130");
    const nowhere = await hearth("warm", "--detach");
    expect(nowhere.stderr).toContain("--detach: give --report as well");
    expect(nowhere.code).toBe(2);
  });
});

it("hearth validate --report writes what it found, as JSON and as a page", async () => {
  expect((await hearth("warm")).code).toBe(0);
  expect((await hearth("validate", "--report", report)).code).toBe(0);
  expect(JSON.parse(readFileSync(report, "utf8")) as ValidationReport).toMatchObject({
    verdict: "warm",
    replay: { hitRatio: 1 },
  });
  const page = join(folder.path, "validation.html");
  await redis.client.flushall();
  expect((await hearth("validate", "--report", page)).code).toBe(1);
  const text = readFileSync(page, "utf8");
  expect(text).toMatch(
    /<title>Cache validation: items<\/title>[\s\S]*The cache is not warm[\s\S]*the cache holds no keys at all/,
  );
  expect(text).toContain("<svg");
});
