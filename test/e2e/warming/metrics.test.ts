import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hearth, startHearth } from "../../support/hearth.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const promtool = spawnSync("promtool", ["--version"]).error === undefined;
const folder = mkdtempSync(join(tmpdir(), "hearth-metrics-"));
const file = join(folder, "warm.prom");
const endpoint = join(folder, "endpoint.json");
let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let server: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  server = redis.servers[0] as TestRedis;
  writeFileSync(endpoint, JSON.stringify(redis.endpoint));
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  rmSync(file, { force: true });
  await server.client.flushall();
});

/** Options of a run of a plan with these datasets. */
function warm(name: string, queries: Readonly<Record<string, string>>): string[] {
  const datasets = Object.entries(queries).map(([dataset, query]) => ({
    ...{ name: dataset, query, key: `${dataset}:{id}`, value: { type: "json" }, ttl: "1 hour" },
  }));
  const plan = join(folder, `${name}.json`);
  writeFileSync(plan, JSON.stringify({ name, datasets }));
  return ["--plan", plan, "--endpoint", endpoint];
}

const environment = () => ({ DATABASE_URL: postgres.url });
const items = {
  items: "SELECT n AS id FROM generate_series(1, 250) n",
  others: "SELECT n AS id FROM generate_series(1, 50) n",
};

/** The metrics of a text by `name{labels}`. */
function metricsIn(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}
const metrics = () => metricsIn(readFileSync(file, "utf8"));

function expectLint(text: string): void {
  if (promtool) expect(execFileSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" })).toBe("");
}

describe("hearth warm --metrics", () => {
  it("writes what became of the run and of each dataset, for all to read", async () => {
    const began = Date.now() / 1000;
    const { code, stderr } = await hearth(["warm", ...warm("shop", items), "--metrics", file], "", environment());
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expectLint(readFileSync(file, "utf8"));
    const found = metrics();
    const value = (name: string, labels = "") => found.get(`${name}{${labels}plan="shop"}`);
    expect(value("hearth_warm_keys_total", 'dataset="items",')).toBe(250);
    expect(value("hearth_warm_keys_total", 'dataset="others",')).toBe(50);
    expect(value("hearth_warm_rows_total", 'dataset="items",')).toBe(250);
    expect(value("hearth_warm_keys_failed_total", 'dataset="items",')).toBe(0);
    expect(value("hearth_warm_sent_bytes_total", 'dataset="items",')).toBeGreaterThan(1000);
    expect(value("hearth_warm_dataset_status", 'dataset="items",status="done",')).toBe(1);
    expect(value("hearth_warm_dataset_status", 'dataset="items",status="failed",')).toBe(0);
    expect(value("hearth_warm_dataset_duration_seconds", 'dataset="items",')).toBeGreaterThan(0);
    expect(value("hearth_warm_runs_total", 'result="warm",')).toBe(1);
    expect(value("hearth_warm_verdict", 'verdict="warm",')).toBe(1);
    expect(value("hearth_warm_response_time_seconds", 'source="redis",percentile="95",')).toBeLessThan(1);
    const totals = { running: 0, success: 1, success_ratio: 1, progress_ratio: 1, hit_ratio: 1, hit_ratio_before: 0 };
    for (const [name, expected] of Object.entries(totals))
      expect.soft(value(`hearth_warm_${name}`), name).toBe(expected);
    expect(value("hearth_warm_read_back_ratio")).toBe(1);
    expect(value("hearth_warm_last_success_timestamp_seconds")).toBeGreaterThan(began);
    expect(value("hearth_warm_last_run_timestamp_seconds")).toBeGreaterThan(began);
    expect(value("hearth_warm_duration_seconds")).toBeGreaterThan(0);
    expect(found.has('hearth_warm_remaining_seconds{plan="shop"}')).toBe(false);
    expect(statSync(file).mode & 0o777 & ~process.umask()).toBe(0o644 & ~process.umask());
    expect(readdirSync(folder).filter((name) => name.startsWith("warm.prom"))).toEqual(["warm.prom"]);
  });

  it("a failed run and a cold cache are told, and do not make the good run before forgotten", async () => {
    const success = 'hearth_warm_last_success_timestamp_seconds{plan="shop"}';
    await hearth(["warm", ...warm("shop", items), "--metrics", file], "", environment());
    const at = metrics().get(success);
    expect(at).toBeGreaterThan(0);

    const failing = { ...items, others: "SELECT n / (n - 20) AS id FROM generate_series(1, 50) n" };
    const failed = await hearth(["warm", ...warm("shop", failing), "--metrics", file], "", environment());
    expect(failed.code).toBe(3);
    expectLint(readFileSync(file, "utf8"));
    expect(Object.fromEntries(metrics())).toMatchObject({
      [success]: at,
      'hearth_warm_success{plan="shop"}': 0,
      'hearth_warm_runs_total{result="failed",plan="shop"}': 1,
      'hearth_warm_dataset_status{dataset="others",status="failed",plan="shop"}': 1,
      'hearth_warm_dataset_status{dataset="items",status="done",plan="shop"}': 1,
    });
    expect([...metrics().keys()].filter((name) => name.startsWith("hearth_warm_hit_ratio"))).toEqual([]);

    const cold = await hearth(
      ["warm", ...warm("shop", items), "--min-keys", "500", "--metrics", file],
      "",
      environment(),
    );
    expect(cold.code).toBe(1);
    expect(Object.fromEntries(metrics())).toMatchObject({
      [success]: at,
      'hearth_warm_success{plan="shop"}': 0,
      'hearth_warm_runs_total{result="cold",plan="shop"}': 1,
    });
    // Nothing could be begun.
    const gone = await hearth(["warm", ...warm("shop", items), "--metrics", file], "", {
      DATABASE_URL: "postgres://someone:s3cret@127.0.0.1:1/none",
    });
    expect(gone.code).toBe(3);
    expect(metrics().get(success)).toBe(at);
    expect(metrics().get('hearth_warm_success{plan="shop"}')).toBe(0);
    expect(readFileSync(file, "utf8")).not.toContain("s3cret");
    // Another plan's file is another's.
    await hearth(["warm", ...warm("other", failing), "--metrics", file], "", environment());
    expect([...metrics().keys()].filter((name) => name.includes("last_success"))).toEqual([]);
  });

  it("shards are told apart", async () => {
    const args = ["warm", ...warm("shop", items), "--shard", "1/2", "--metrics", file];
    expect((await hearth(args, "", environment())).code).toBe(0);
    const keys = metrics().get('hearth_warm_keys_total{dataset="items",plan="shop",shard="1/2"}');
    expect(keys).toBeGreaterThan(50);
    expect(keys).toBeLessThan(200);
  });

  it("--metrics-port: answers while the run goes on, and the file says that it does", async () => {
    const slow = { items: "SELECT n AS id, pg_sleep(0.05)::text AS s FROM generate_series(1, 200) n" };
    const args = ["warm", ...warm("slow", slow), "--metrics", file, "--metrics-port", "0"];
    const run = startHearth(args, "", environment());
    const url = await until("it listens", async () => /metrics on (http:\S+)/.exec(run.said.stderr)?.[1]);
    const running = 'hearth_warm_running{plan="slow"}';
    const status = 'hearth_warm_dataset_status{dataset="items",status="running",plan="slow"}';
    const seen = await until("it runs", async () => {
      const found = metricsIn(await (await fetch(url)).text());
      return found.get(running) === 1 && found.get(status) === 1 && found;
    });
    expect(seen.has('hearth_warm_success{plan="slow"}')).toBe(false);
    expect(metrics().get(running)).toBe(1);
    const open = await fetch(url, { headers: { accept: "application/openmetrics-text" } });
    expect(await open.text()).toMatch(/\n# TYPE hearth_warm_keys counter\n[\s\S]*# EOF\n$/);
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
    expect(metrics().get(running)).toBe(0);
    expect(metrics().get('hearth_warm_success{plan="slow"}')).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("--watch: counts over all runs", async () => {
    const args = ["warm", ...warm("shop", items), "--metrics", file, "--watch", "--first-after", "0", "--every", "1"];
    const run = startHearth(args, "", environment());
    try {
      await until(
        "three runs",
        async () => (metrics().get('hearth_warm_runs_total{result="warm",plan="shop"}') ?? 0) >= 3,
      );
      const keys = metrics().get('hearth_warm_keys_total{dataset="items",plan="shop"}') ?? 0;
      expect(keys).toBeGreaterThanOrEqual(750);
      expect(keys % 250).toBe(0);
    } finally {
      run.child.kill("SIGINT");
      await run.ended;
    }
  });

  it.each([
    ["warm.txt", /warm\.txt does not end in \.prom/],
    ["nowhere/warm.prom", /the folder nowhere cannot be written to \(ENOENT\)/],
  ])("--metrics %s ends with exit code 2", async (name, message) => {
    const { code, stderr } = await hearth(["warm", ...warm("shop", items), "--metrics", name], "", environment());
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe("hearth validate --metrics", () => {
  it("writes the verdict under names of its own", async () => {
    const options = warm("shop", items);
    await hearth(["warm", ...options], "", environment());
    expect((await hearth(["validate", ...options, "--metrics", file], "", environment())).code).toBe(0);
    expectLint(readFileSync(file, "utf8"));
    expect(Object.fromEntries(metrics())).toMatchObject({
      'hearth_validation_success{plan="shop"}': 1,
      'hearth_validation_hit_ratio{plan="shop"}': 1,
      'hearth_validation_replayed_requests{plan="shop"}': 300,
      'hearth_validation_verdict{verdict="warm",plan="shop"}': 1,
    });
    expect(readFileSync(file, "utf8")).not.toContain("hearth_warm_");
    await server.client.flushall();
    expect((await hearth(["validate", ...options, "--metrics", file], "", environment())).code).toBe(1);
    expect(Object.fromEntries(metrics())).toMatchObject({
      'hearth_validation_success{plan="shop"}': 0,
      'hearth_validation_hit_ratio{plan="shop"}': 0,
      'hearth_validation_verdict{verdict="cold",plan="shop"}': 1,
    });
  });
});
