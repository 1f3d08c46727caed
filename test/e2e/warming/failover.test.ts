import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { WarmReport } from "../../../contract/warming.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startCluster, startSentinel, startStandalone, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "hearth-failover-"));
const endpointFile = join(folder, "endpoint.json");
const plan = join(folder, "plan.yaml");
const KEYS = 20_000;

let postgres: TestPostgres;
let group: { stop(): Promise<void> } | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
  const query = `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${KEYS}) n`;
  const dataset = { name: "items", query, key: "item:{id}", value: { type: "json" }, ttl: "1 hour", resumeBy: "id" };
  writeFileSync(plan, JSON.stringify({ name: "moved", datasets: [dataset] }));
});

afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  await group?.stop();
  group = undefined;
});

/** `hearth warm`, with lock, notes and validation as always; `act` when so many keys are on the server. */
async function hearthWarm(endpoint: Endpoint, server: TestRedis, least: number, act: () => Promise<unknown>) {
  writeFileSync(endpointFile, JSON.stringify(endpoint));
  const options = ["--json", "--progress", "json", "--keys-per-second", "8000", "--deadline", "60"];
  const child = spawn(process.execPath, [main, "warm", "--plan", plan, "--endpoint", endpointFile, ...options], {
    env: { ...process.env, DATABASE_URL: postgres.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (piece) => {
      text[name] += piece;
    });
  }
  const ended = once(child, "close");
  await until(`${least} keys are written`, async () => (await server.client.dbsize()) >= least);
  await act();
  const [code] = await ended;
  return { code: code as number, report: JSON.parse(text.stdout) as WarmReport, said: text.stderr };
}

function expectWarm({ code, report, said }: { code: number; report: WarmReport; said: string }): void {
  expect(report.error).toBeUndefined();
  expect(report).toMatchObject({ ok: true, keys: KEYS, repaired: KEYS, validation: { verdict: "warm" } });
  expect(report.validation?.readBack.matching).toBe(report.validation?.readBack.sampled);
  expect(said).toContain("is primary by now, and may have lost keys: all rows are written again");
  expect(code).toBe(0);
}

const itemsOn = async (servers: readonly TestRedis[]) =>
  (await Promise.all(servers.map(({ client }) => client.keys("item:*")))).reduce((sum, keys) => sum + keys.length, 0);

it("a server that is restarted empty half way is filled all the same, and proven warm", async () => {
  const redis = await startStandalone();
  group = redis;
  const [server] = redis.servers as [TestRedis];
  expectWarm(await hearthWarm(redis.endpoint, server, 8000, () => server.kill().then(() => server.restart())));
  expect(await itemsOn([server])).toBe(KEYS);
});

it("after a planned failover by sentinels it is the new primary that is proven warm", async () => {
  const sentinels = await startSentinel();
  group = sentinels;
  const [old, , , sentinel] = sentinels.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
  const failover = () => sentinel.client.call("SENTINEL", "FAILOVER", "cache");
  const outcome = await hearthWarm(sentinels.endpoint, old, 12_000, failover);
  const [, port] = (await sentinel.client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "cache")) as string[];
  expect(port).not.toBe(String(old.port));
  const primary = sentinels.servers.find((server) => String(server.port) === port) as TestRedis;
  expectWarm(outcome);
  expect(await itemsOn([primary])).toBe(KEYS);
  // The old one must not have been asked: it is a replica now, or about to become one.
  expect(await primary.client.info("commandstats")).toMatch(/cmdstat_get:calls=[1-9]\d\d/);
});

it("after a primary of a cluster has died its replica has every key, and is proven warm", async () => {
  const cluster = await startCluster(1);
  group = cluster;
  const [old, second, third, replica] = cluster.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
  expectWarm(await hearthWarm(cluster.endpoint, old, 3000, () => old.kill()));
  expect(await itemsOn([replica, second, third])).toBe(KEYS);
});
