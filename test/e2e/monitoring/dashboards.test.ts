import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { dashboardsOf } from "../../../infra/plan/monitoring/dashboards/index.ts";
import type { Dashboard, Panel } from "../../../infra/plan/monitoring/dashboards/model.ts";
import { look, whyNoChromium } from "../../support/chromium.ts";
import { clientOf } from "../../support/client.ts";
import { Grafana, whyNoGrafana } from "../../support/grafana.ts";
import { type Running, startHearth } from "../../support/hearth.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startSentinel, startStandalone, type TestTopology } from "../../support/redis.ts";
import { Prometheus, type ScrapedTarget, whyNothingScraped } from "../../support/scraped.ts";
import { until } from "../../support/wait.ts";

/** Every query of every panel, and every variable, asked of a real Prometheus that watches real servers. */

const stack = "project/stack";
const everywhere = dashboardsOf("cluster");

/** The dashboard with the variables filled in as if all nodes were chosen. */
function queriesOf(dashboard: Dashboard, cache: string): [title: string, expr: string][] {
  const chosen: Record<string, string> = {
    stack,
    cache,
    node: ".*",
    plan: ".*",
    dataset: ".*",
    __rate_interval: "10s",
  };
  const fill = (text: string) => text.replaceAll(/\$(\w+)/g, (_, name: string) => chosen[name] ?? `$${name}`);
  return dashboard.panels
    .filter((panel): panel is Panel => panel.type !== "row")
    .flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat }): [string, string] => [`${title}: ${legendFormat}`, fill(expr)]),
    );
}

describe.skipIf(whyNothingScraped)(`dashboards${whyNothingScraped ? ` (skipped: ${whyNothingScraped})` : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-dashboards-"));
  const prometheus = new Prometheus();
  const topologies: TestTopology<Endpoint["topology"]>[] = [];
  const running: Running[] = [];
  const clients: (Redis | Cluster)[] = [];
  let traffic: NodeJS.Timeout | undefined;
  let postgres: TestPostgres;

  /** Starts `hearth` with a port of its own; `host:port`. */
  async function serve(args: readonly string[], cache: Endpoint): Promise<string> {
    const run = startHearth(args, JSON.stringify(cache), { DATABASE_URL: postgres.url });
    running.push(run);
    const found = () => /http:\/\/(127\.0\.0\.1:\d+)/.exec(run.said.stdout + run.said.stderr)?.[1];
    return await until(`hearth ${args[0]} listens`, async () => found());
  }

  beforeAll(async () => {
    const limit = ["maxmemory 100mb"];
    const [started, ...caches] = await Promise.all([
      startPostgres(),
      startStandalone(limit),
      startSentinel(),
      startCluster(1),
    ]);
    postgres = started;
    topologies.push(...(caches as unknown as TestTopology<Endpoint["topology"]>[]));
    const targets: ScrapedTarget[] = [];
    for (const { endpoint, servers } of topologies) {
      const cache = endpoint.topology;
      for (const [index, { port }] of servers.entries()) {
        const sentinel = endpoint.topology === "sentinel" && index >= endpoint.nodes.length;
        const password = sentinel ? "" : endpoint.password;
        const target = await prometheus.export({ host: "127.0.0.1", port }, password);
        const kind = sentinel ? "sentinel" : "redis";
        targets.push({ target, labels: { stack, cache, topology: cache, node: `${cache}-${index}`, kind } });
      }
    }
    const [standalone] = topologies as [TestTopology<"standalone">];
    const query = "SELECT n AS id, md5(n::text) AS text FROM generate_series(1, 500) n";
    const dataset = { name: "items", query, key: "item:{id}", value: { type: "json" }, ttl: "1 hour" };
    const plan = join(folder, "plan.json");
    writeFileSync(plan, JSON.stringify({ name: "shop", datasets: [dataset] }));
    const again = ["--watch", "--first-after", "0", "--every", "2", "--metrics-port", "0"];
    const warm = await serve(["warm", "--plan", plan, ...again], standalone.endpoint);
    const health = await serve(["serve-health", "--port", "0", "--keep", "0"], standalone.endpoint);
    await prometheus.scrape([...targets, { target: warm, labels: {} }, { target: health, labels: {} }]);
    for (const { servers, endpoint } of topologies) {
      await servers[0]?.client.config("SET", "slowlog-log-slower-than", "0");
      const client = clientOf(endpoint);
      clients.push(client);
      await Promise.all(["a", "b", "c", "d"].map((key) => client.set(key, "1")));
    }
    traffic = setInterval(() => {
      // Users: reads that hit and miss. What fails is for the test to see.
      for (const client of clients) for (const key of ["a", "b", "missing"]) client.get(key).catch(() => {});
    }, 100);
    await until("several scrapes of a run that has ended", async () => {
      const runs = await prometheus.query('sum(increase(hearth_warm_runs_total{result="warm"}[10s])) > 0');
      const checks = await prometheus.query("min(count_over_time(up[1m])) > 8");
      return runs.length > 0 && checks.length > 0;
    });
  });

  afterAll(async () => {
    clearInterval(traffic);
    for (const client of clients) client.disconnect();
    for (const { child, ended } of running) {
      child.kill("SIGKILL");
      await ended;
    }
    await Promise.all([prometheus.stop(), postgres?.stop(), ...topologies.map((one) => one.stop())]);
    rmSync(folder, { recursive: true });
  });

  it("every target is up", async () => {
    expect(await prometheus.query("up == 0 or redis_up == 0")).toEqual([]);
    expect((await prometheus.query("count(redis_up == 1)"))[0]?.value).toBe(1 + 6 + 6);
  });

  it.each([
    ["standalone", ["hearth-overview.json", "hearth-latency.json", "hearth-warming.json"]],
    ["sentinel", ["hearth-overview.json", "hearth-latency.json", "hearth-replication.json"]],
    ["cluster", ["hearth-overview.json", "hearth-latency.json", "hearth-cluster.json"]],
  ] as const)("%s: every query of %j finds something", async (cache, names) => {
    const nothing: string[] = [];
    for (const name of names) {
      const dashboard = everywhere[name];
      if (dashboard === undefined) throw new Error(name);
      for (const [title, expr] of queriesOf(dashboard, cache)) {
        if ((await prometheus.query(expr)).length === 0) nothing.push(`${name} ${title}: ${expr}`);
      }
    }
    expect(nothing.filter((text) => !isOfAnother(text, cache))).toEqual([]);
  });

  it("a cluster's replication: all but what only sentinels tell", async () => {
    const dashboard = everywhere["hearth-replication.json"];
    if (dashboard === undefined) throw new Error("no such dashboard");
    const nothing: string[] = [];
    for (const [title, expr] of queriesOf(dashboard, "cluster")) {
      if ((await prometheus.query(expr)).length === 0) nothing.push(title.split(":")[0] ?? "");
    }
    const bySentinels = ["Quorum", "Sentinels up", "Primaries that the sentinels name"];
    expect([...new Set(nothing)]).toEqual([...bySentinels, "Servers that the sentinels count", "Tilt"]);
  });

  it("figures are what the servers are", async () => {
    const value = async (name: string, title: string, cache: string) => {
      const dashboard = everywhere[name];
      const [, expr = ""] = queriesOf(dashboard as Dashboard, cache).find(([one]) => one.startsWith(`${title}:`)) ?? [];
      return (await prometheus.query(expr))[0]?.value;
    };
    expect(await value("hearth-overview.json", "Servers up", "cluster")).toBe(1);
    expect(await value("hearth-overview.json", "Keys", "standalone")).toBeGreaterThanOrEqual(501);
    expect(await value("hearth-replication.json", "Primaries", "sentinel")).toBe(1);
    expect(await value("hearth-replication.json", "Replicas connected", "sentinel")).toBe(2);
    expect(await value("hearth-replication.json", "Quorum", "sentinel")).toBe(1);
    expect(await value("hearth-replication.json", "Primaries that the sentinels name", "sentinel")).toBe(1);
    expect(await value("hearth-replication.json", "Replicas connected", "cluster")).toBe(3);
    expect(await value("hearth-cluster.json", "State", "cluster")).toBe(1);
    expect(await value("hearth-cluster.json", "Slots served", "cluster")).toBe(16_384);
    expect(await value("hearth-cluster.json", "Shards", "cluster")).toBe(3);
    expect(await value("hearth-cluster.json", "Primaries without replica", "cluster")).toBe(0);
    expect(await value("hearth-warming.json", "Last run", "standalone")).toBe(1);
    expect(await value("hearth-warming.json", "Hit ratio after", "standalone")).toBe(1);
    expect(await value("hearth-latency.json", "p95 from outside", "standalone")).toBeLessThan(0.1);
  });

  it("every variable has values, which lead to the panels'", async () => {
    for (const [name, { templating }] of Object.entries(everywhere)) {
      const cache = name === "hearth-cluster.json" ? "cluster" : "sentinel";
      for (const { definition = "", type } of templating.list) {
        if (type === "datasource") continue;
        const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
        const filled = selector.replaceAll("$stack", stack).replaceAll("$cache", cache).replaceAll("$plan", ".*");
        const values = await prometheus.labelValues(label, filled);
        expect(values.length, `${name} ${definition}`).toBeGreaterThan(0);
        if (label === "node")
          expect(
            values.every((value) => value.startsWith(cache)),
            values.join(),
          ).toBe(true);
      }
    }
    const caches = await prometheus.labelValues("cache", 'redis_up{stack="project/stack",topology="cluster"}');
    expect(caches).toEqual(["cluster"]);
  });

  const whyNoPicture = whyNoGrafana ?? whyNoChromium;
  it.skipIf(whyNoPicture)(`looked at in Grafana${whyNoPicture ? ` (skipped: ${whyNoPicture})` : ""}`, async () => {
    const grafana = new Grafana();
    try {
      const files = Object.entries(everywhere).map(([name, dashboard]) => [name, JSON.stringify(dashboard)]);
      await grafana.start(prometheus.url, Object.fromEntries(files));
      for (const [name, { uid }] of Object.entries(everywhere)) {
        const cache = name === "hearth-cluster.json" ? "cluster" : "standalone";
        // Kept where HEARTH_PICTURES says, for people.
        const file = join(process.env.HEARTH_PICTURES ?? folder, name.replace("json", "png"));
        const shown = { width: 1600, height: 1400, after: 20_000 };
        const picture = await look(grafana.page(uid, { stack, cache }), folder, file, shown);
        // A page that says "not found" has few colours; panels have those of their series and thresholds.
        const colours = new Set<string>();
        for (let y = 0; y < picture.height; y += 2)
          for (let x = 0; x < picture.width; x += 2) colours.add(picture.colour(x, y));
        expect(colours.size, name).toBeGreaterThan(100);
      }
    } finally {
      await grafana.stop();
    }
  });
});

/** Queries that have an answer only where the servers are set up for it. */
function isOfAnother(text: string, cache: string): boolean {
  // The servers of Sentinel and cluster in this test have no maxmemory: the panels say "no limit".
  return cache !== "standalone" && /Fullest memory|maxmemory/.test(text);
}
