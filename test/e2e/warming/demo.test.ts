import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder, makeFolder, postgresAccount } from "../../../warmer/demo/cache.ts";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { mealPlanner } from "../../../warmer/plans/index.ts";
import { bindParameters } from "../../../warmer/sql.ts";
import { until } from "../../support/wait.ts";
import { processesNaming } from "./naming.ts";

/** A cache folder of the test's own, where PostgreSQL's account can reach it. */
function ownCache(): string {
  const account = postgresAccount();
  const folder = mkdtempSync(join(cacheFolder(account), "test-"));
  rmSync(folder, { recursive: true });
  makeFolder(folder, account);
  return folder;
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Makes the access log of a stopped database older, with PostgreSQL's single-user mode. */
async function age(data: string, by: string): Promise<void> {
  const postgres = readdirSync(cacheFolder(postgresAccount())).filter((name) => name.startsWith("postgres-"))[0] ?? "";
  const program = join(cacheFolder(postgresAccount()), postgres, "bin/postgres");
  const child = spawn(program, ["--single", "-D", data, "-j", "-c", "exit_on_error=on", "meal_planner"], {
    stdio: ["pipe", "ignore", "inherit"],
    ...postgresAccount(),
  });
  const sessions = `UPDATE platform.user_sessions SET last_activity_at = last_activity_at - interval '${by}'`;
  child.stdin.end(`UPDATE cache_access_logs SET created_at = created_at - interval '${by}';\n\n${sessions};\n\n`);
  expect(await once(child, "exit")).toEqual([0, null]);
}

/** Starts a tool that holds a demo database in `directory`. */
async function holder(directory: string) {
  const script = new URL("./hold-demo.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, directory], { stdio: ["ignore", "pipe", "inherit"] });
  held.push(child);
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  // The folder of its run, from the arguments of its PostgreSQL.
  const [server] = processesNaming(join(directory, "demo")).filter(({ command }) =>
    command.endsWith(`-p ${new URL(url).port}`),
  );
  const run = /-D (.*)\/data /.exec(server?.command ?? "")?.[1] ?? "";
  expect(run).toContain("/demo/run-");
  return { child, url, run };
}

const held: ChildProcess[] = [];

describe("demo database", () => {
  let database: DemoDatabase;
  beforeAll(async () => {
    database = await startDemoDatabase();
  });
  afterAll(() => database.stop());

  it("has the tables and rows that the limits need", async () => {
    const tables = ["users", "recipes", "meal_plans", "search_logs", "nutrition_data", "cache_access_logs"];
    const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
    const [row] = await query<Record<string, number>>(database.url, `SELECT ${counts.join(", ")}`);
    expect(row).toEqual({
      users: 1500,
      recipes: 2400,
      meal_plans: 1200,
      search_logs: 3844,
      nutrition_data: 400,
      cache_access_logs: 20_000,
    });
    const [log] = await query<{ terms: number; recent: number; planned: number }>(
      database.url,
      `SELECT (SELECT count(DISTINCT lower(search_term))::int FROM search_logs) AS terms,
        (SELECT count(*)::int FROM cache_access_logs WHERE created_at >= now() - interval '24 hours') AS recent,
        (SELECT count(*)::int FROM meal_plans JOIN users ON users.id = user_id
          WHERE meal_plans.created_at >= now() - interval '7 days' AND last_login >= now() - interval '3 days') AS planned`,
    );
    expect(log).toEqual({ terms: 500, recent: 20_000, planned: 700 });
  });

  it("gives the plan the same rows when the data is a day old", async () => {
    for (const dataset of mealPlanner.datasets) {
      const now = bindParameters(dataset.query, mealPlanner.parameters);
      // A template is taken again for a day, so it may be some hours old already: its latest login was 4 minutes before.
      const made = "(SELECT max(last_login) + interval '4 minutes' FROM users)";
      const later = now.replaceAll("now()", `(${made} + interval '24 hours')`);
      const rows = (sql: string) =>
        query(database.url, `SELECT to_jsonb(s) - 'cache_time' AS row FROM (${sql}) AS s LIMIT ${dataset.limit}`);
      const today = await rows(now);
      expect(today, dataset.name).toHaveLength(dataset.limit);
      expect(await rows(later), dataset.name).toEqual(today);
    }
  });

  it("finds recipes for each of the 15 terms that people search for most", async () => {
    const dataset = parsePlan(mealPlanner).datasets.find(({ name }) => name === "searches");
    const sql = bindParameters(dataset?.query ?? "", mealPlanner.parameters);
    const rows = await query<{ term: string; results: unknown[] }>(database.url, sql);
    expect(rows.slice(0, 15).map(({ term }) => term)).toEqual([
      ...["chicken breast", "vegetarian", "low carb", "high protein", "gluten free", "quick meals", "breakfast"],
      ...["dinner", "weight loss", "muscle gain", "keto", "mediterranean", "salad", "soup", "pasta"],
    ]);
    for (const { term, results } of rows.slice(0, 15)) expect(results.length, term).toBe(20);
    for (const { term, results } of rows) expect(results.length, term).toBeGreaterThan(0);
  });

  it("may be read and not changed, and only with the password of this run", async () => {
    await expect(query(database.url, "DELETE FROM recipes")).rejects.toThrow("read-only transaction");
    const unprotected = "SET default_transaction_read_only = off; COMMIT; DELETE FROM recipes";
    await expect(query(database.url, unprotected)).rejects.toThrow("permission denied for table recipes");
    await expect(query(database.url, "COPY recipes TO PROGRAM 'cat'")).rejects.toThrow("permission denied");
    const other = new URL(database.url);
    other.password = "guess";
    await expect(query(String(other), "SELECT 1")).rejects.toThrow("password authentication failed");
    const superuser = new URL(database.url);
    superuser.username = "postgres";
    await expect(query(String(superuser), "SELECT 1")).rejects.toThrow("no pg_hba.conf entry");
    const second = await startDemoDatabase();
    await second.stop();
    expect(new URL(second.url).password).not.toBe(new URL(database.url).password);
  });

  it("starts in a fraction of a second and leaves nothing behind", async () => {
    const began = performance.now();
    const another = await startDemoDatabase();
    const ready = performance.now() - began;
    const port = new URL(another.url).port;
    await another.stop();
    await another.stop();
    await expect(query(another.url, "SELECT 1")).rejects.toThrow();
    expect(processesNaming("/demo/run-").filter(({ command }) => command.includes(`-p ${port}`))).toEqual([]);
    // 0.05 s on an idle machine; this one also runs other tests.
    expect(ready).toBeLessThan(1500);
  });
});

describe("demo database, the hard ways", () => {
  const directory = ownCache();
  const runs = () => readdirSync(join(directory, "demo")).filter((name) => name.startsWith("run-"));
  afterEach(() => {
    for (const child of held.splice(0)) child.kill("SIGKILL");
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

  it("is built once by tools that start at the same time, whatever the umask", async () => {
    const umask = process.umask(0o077);
    try {
      const databases = await Promise.all([1, 2, 3].map(() => startDemoDatabase({ directory })));
      const ports = new Set(databases.map(({ url }) => new URL(url).port));
      expect(ports.size).toBe(3);
      await Promise.all(databases.map((database) => database.stop()));
    } finally {
      process.umask(umask);
    }
    expect(readdirSync(join(directory, "demo"))).toEqual([expect.stringMatching(/^template-[0-9a-f]{12}-\d+$/)]);
  });

  it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("ends when the tool is ended by %s", async (signal) => {
    const { child, url, run } = await holder(directory);
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(processesNaming(run).length).toBeGreaterThan(0);
    child.kill(signal);
    await until("the server is gone", async () => processesNaming(run).length === 0);
    expect(existsSync(join(run, "data"))).toBe(false);
    // The next start tidies up what is left: an empty folder.
    const next = await startDemoDatabase({ directory });
    await until("the folder is gone", async () => !existsSync(run));
    await next.stop();
  });

  it("ends also when the keeper was killed before the tool", async () => {
    const { child, run } = await holder(directory);
    const keeper = processesNaming(run).find(({ command }) => command.startsWith("/bin/sh"));
    process.kill(keeper?.pid ?? Number.NaN, "SIGKILL");
    child.kill("SIGKILL");
    await until("the server is gone", async () => processesNaming(run).length === 0);
  });

  it("ends an abandoned server at the next start, and leaves that of a living tool alone", async () => {
    const { run: folder } = await holder(directory);
    // As after a crash of which only the server has survived: its owner is a process that is gone.
    const gone = spawn("true");
    await once(gone, "exit");
    const pid = Number.parseInt(readFileSync(join(folder, "data/postmaster.pid"), "utf8"), 10);
    const living = await startDemoDatabase({ directory });
    expect(existsSync(folder)).toBe(true);
    await living.stop();
    writeFileSync(join(folder, "owner"), `${gone.pid}\n`);
    const next = await startDemoDatabase({ directory });
    await until("the abandoned server is gone", async () => !existsSync(`/proc/${pid}`) && !existsSync(folder));
    await next.stop();
  });

  it("stops the start when it is told to, and says so", async () => {
    const before = runs();
    const signal = AbortSignal.abort(new Error("interrupted by SIGINT"));
    await expect(startDemoDatabase({ directory, signal })).rejects.toThrow("interrupted by SIGINT");
    expect(runs().filter((name) => !before.includes(name))).toEqual([]);
  });

  it("takes over the lock of a builder that is gone", async () => {
    const demo = join(directory, "demo");
    for (const name of readdirSync(demo)) rmSync(join(demo, name), { recursive: true });
    const gone = spawn("true");
    await once(gone, "exit");
    writeFileSync(join(demo, "template.lock"), `${gone.pid}\n`);
    const database = await startDemoDatabase({ directory });
    await database.stop();
    expect(existsSync(join(demo, "template.lock"))).toBe(false);
  });

  it("brings the access log up to the present when the template is hours old", async () => {
    const demo = join(directory, "demo");
    const [template = ""] = readdirSync(demo).filter((name) => name.startsWith("template-"));
    await age(join(demo, template, "data"), "20 hours");
    const began = performance.now();
    const database = await startDemoDatabase({ directory });
    const ready = performance.now() - began;
    const [row] = await query<{ late: number; recent: number; sessions: number }>(
      database.url,
      `SELECT extract(epoch FROM now() - max(created_at))::int AS late,
        (SELECT count(*)::int FROM platform.user_sessions WHERE last_activity_at > now() - interval '24 hours') AS sessions,
        count(*) FILTER (WHERE created_at >= now() - interval '24 hours')::int AS recent FROM cache_access_logs`,
    );
    await database.stop();
    expect(row).toEqual({ late: expect.any(Number), recent: 20_000, sessions: 1000 });
    expect(row?.late).toBeLessThan(60);
    expect(ready).toBeLessThan(2000);
    console.log(`ready with 20,000 times moved: ${ready.toFixed(0)} ms`);
  });
});
