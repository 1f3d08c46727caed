import { execFileSync, spawnSync } from "node:child_process";
import { get } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Running, startHearth } from "../../support/hearth.ts";
import { freePorts } from "../../support/ports.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const password = "never-to-be-seen-0815";
const promtool = spawnSync("promtool", ["--version"]).error === undefined;
let server: TestRedis;
let running: Running | undefined;

beforeAll(async () => {
  server = await startRedis(["maxmemory 50mb"], { password });
});
afterAll(() => server?.stop());
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  running = undefined;
});

/** Starts `hearth serve-health`; the base of its URLs. */
async function serve(...options: string[]): Promise<string> {
  const nodes = [{ host: "127.0.0.1", port: server.port }];
  const endpoint = JSON.stringify({ topology: "standalone", nodes, database: 0, password });
  const started = startHearth(["serve-health", "--port", "0", "--timeout", "1", ...options], endpoint);
  running = started;
  return await until("it listens", async () => /http:\/\/\S+:\d+/.exec(started.said.stdout)?.[0]);
}

const ask = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init);
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
};

/** How often SET was called by whomever. */
async function sets(): Promise<number> {
  return Number(/cmdstat_set:calls=(\d+)/.exec(await server.client.info("commandstats"))?.[1] ?? 0);
}

describe("hearth serve-health", () => {
  it("/health/cache: the fields, 200 and 503, by the hits of the users", async () => {
    const base = await serve("--keep", "0");
    await server.client.set("there", "1");
    const well = await ask(`${base}/health/cache`);
    expect(well).toMatchObject({ status: 200, type: "application/json; charset=utf-8" });
    expect(JSON.parse(well.text)).toEqual({
      status: "healthy",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      cache: {
        connected: true,
        hitRate: null,
        totalEntries: 1,
        breakdown: { [`127.0.0.1:${server.port}`]: 1 },
      },
      problems: [],
    });
    for (let count = 0; count < 158; count++) await server.client.get("there");
    for (let count = 0; count < 42; count++) await server.client.get("missing");
    const degraded = await ask(`${base}/health/cache`);
    expect(degraded.status).toBe(503);
    expect(JSON.parse(degraded.text)).toMatchObject({
      status: "degraded",
      cache: { connected: true, hitRate: 0.79 },
      problems: [expect.stringMatching(/^79\.0 % of 200 reads hit in the last \d+ s \(below 80\.0 %\)\. /)],
    });
    for (let count = 0; count < 20; count++) await server.client.get("there");
    expect(JSON.parse((await ask(`${base}/health/cache`)).text)).toMatchObject({ status: "healthy" });
  });

  it("what missed before it was started is no reason to turn users away", async () => {
    for (let count = 0; count < 300; count++) await server.client.get("missing");
    const base = await serve("--keep", "0");
    const { status, text } = await ask(`${base}/health/cache`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: "healthy", cache: { hitRate: null }, problems: [] });
    expect((await ask(`${base}/metrics`)).text).not.toMatch(/^hearth_cache_hit_ratio/m);
  });

  it("/health/live does not ask Redis; a server that hangs makes the cache unhealthy, and later healthy again", async () => {
    const base = await serve("--keep", "0");
    process.kill(server.pid, "SIGSTOP");
    try {
      expect(await ask(`${base}/health/live`)).toMatchObject({ status: 200, text: '{\n  "status": "live"\n}\n' });
      const { status, text } = await ask(`${base}/health/cache`);
      expect(status).toBe(503);
      expect(JSON.parse(text)).toMatchObject({
        status: "unhealthy",
        cache: { connected: false, hitRate: null, totalEntries: null, breakdown: {} },
        error: expect.stringContaining("did not answer"),
      });
      expect(text).not.toContain(password);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    await until("it is asked again", async () => (await ask(`${base}/health/cache`)).status === 200);
  });

  it("who asks at the same time shares one check, and its result is good for a while", async () => {
    const base = await serve("--keep", "3600");
    const before = await sets();
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(`${base}/health/cache`)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    await ask(`${base}/metrics`);
    expect(await sets()).toBe(before + 1);
  });

  it.skipIf(!promtool)(
    "/metrics: Prometheus's text, which promtool has no complaint about, and OpenMetrics",
    async () => {
      const base = await serve("--keep", "0");
      await ask(`${base}/health/cache`);
      const { status, type, text } = await ask(`${base}/metrics`);
      expect({ status, type }).toEqual({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
      expect(execFileSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" })).toBe("");
      const name = `127.0.0.1:${server.port}`;
      expect(text).toContain('\nhearth_health_status{status="healthy"} 1\n');
      expect(text).toContain('\nhearth_health_checks_total{status="healthy"} 2\n');
      expect(text).toContain(`\nhearth_server_up{server="${name}",role="primary"} 1\n`);
      expect(text).toContain(`\ncache_operation_duration_seconds_count{server="${name}",operation="get"} 2\n`);
      expect(text).toMatch(new RegExp(`\\ncache_hits_total\\{server="${name}"\\} \\d+\\n`));
      expect(text).not.toContain(password);
      const open = await ask(`${base}/metrics`, { headers: { accept: "application/openmetrics-text; version=1.0.0" } });
      expect(open.type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
      expect(open.text).toMatch(/\n# TYPE cache_hits counter\ncache_hits_total\{[^}]*\} \d+\n[\s\S]*# EOF\n$/);
    },
  );

  it("other paths and methods are refused; HEAD has no body", async () => {
    const base = await serve();
    const other = await ask(`${base}/health`);
    expect(other.status).toBe(404);
    expect(other.text).toContain("ask for /health/cache, /health/live, /metrics");
    expect((await ask(`${base}/constructor`)).status).toBe(404);
    expect((await ask(`${base}/metrics`, { method: "POST", body: "x" })).status).toBe(405);
    expect(await ask(`${base}/health/cache?verbose`, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  it("SIGTERM: the request under way is answered, then it ends with 0", async () => {
    const base = await serve();
    process.kill(server.pid, "SIGSTOP");
    try {
      const answer = ask(`${base}/health/cache`);
      await until("the check is under way", async () => {
        const sockets = execFileSync("ss", ["-tnpH", "dport", `= :${server.port}`], { encoding: "utf8" });
        return sockets.includes(`pid=${running?.child.pid},`);
      });
      running?.child.kill("SIGTERM");
      expect((await answer).status).toBe(503);
      const answered = performance.now();
      expect(await running?.ended).toMatchObject({ code: 0, stderr: "" });
      expect(performance.now() - answered).toBeLessThan(2000); // nobody waits for connections that are kept alive
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
  });

  it("listens on this machine alone; a port that is taken is said", async () => {
    const port = await freePorts(1);
    await serve("--port", String(port));
    const second = startHearth(
      ["serve-health", "--port", String(port)],
      JSON.stringify({
        topology: "standalone",
        nodes: [{ host: "127.0.0.1", port: server.port }],
        database: 0,
      }),
    );
    expect(await second.ended).toMatchObject({
      code: 3,
      stderr: `hearth: cannot listen on 127.0.0.1, port ${port}: another process has this port; choose another one\n`,
    });
    const outside = new Promise((resolve) => {
      get({ host: "127.0.0.2", port, path: "/health/live" }, () => resolve("answered")).on("error", () =>
        resolve("refused"),
      );
    });
    expect(await outside).toBe("refused");
  });
});
