import { beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { OperationLine } from "../../../contract/operation.ts";
import type { WarmReport } from "../../../contract/warming.ts";
import { runIn } from "../../support/kubernetes/pods.ts";
import { kubernetesTest } from "../../support/kubernetes.ts";
import { answerOf } from "../docker/runner-lab.ts";
import { password, runnerIn, startPostgresPod, startRedis } from "./runner-lab.ts";

const rows = 4000;
const users = `SELECT n AS id, 'user-' || n AS name, n % 200 AS team FROM generate_series(1, ${rows}) n ORDER BY 1`;
const plan = {
  name: "parts",
  datasets: [
    { name: "hash", query: users, key: "hash:{id}", value: { type: "hash" }, ttl: "1 hour" },
    { name: "set", query: users, key: "set:{team}", value: { type: "set", member: "name" }, priority: "LOW" },
    { name: "few", query: users, limit: 1, key: "few:{id}", value: { type: "json" } },
  ],
  replay: { query: `SELECT 'hash:' || n AS cache_key FROM generate_series(1, ${rows + 400}) n` },
};

kubernetesTest(
  "warming in parts, in pods at once",
  (namespace) => {
    let endpoint: Endpoint;
    let source: { url: string };
    beforeAll(async () => {
      [{ endpoint }, source] = await Promise.all([startRedis(namespace), startPostgresPod(namespace)]);
    }, 180_000);

    const redis = async (...command: string[]) =>
      (await runIn(namespace, "redis", ["redis-cli", "--no-auth-warning", "-a", password, ...command])).text.trim();
    const warm = (change: object) =>
      answerOf({
        operation: "warm",
        inputs: { name: "warming", endpoint, plan, source, gate: {}, runner: runnerIn(namespace), ...change },
      });
    const reportOf = (answer: OperationLine | undefined) =>
      (answer as unknown as { result: { outputs: { report: WarmReport; markers: string[]; runId: string } } }).result
        .outputs;
    const essence = ({ ok, rows, keys, failed, datasets, validation }: WarmReport) => ({
      ...{ ok, rows, keys, failed, verdict: validation?.verdict, population: validation?.replay.population },
      datasets: datasets.map(({ name, status, rows, keys, warnings }) => ({ name, status, rows, keys, warnings })),
    });

    it("writes the same keys as one, once each, with one report, one gate and its markers", async () => {
      const one = reportOf(await warm({}));
      const keys = (await redis("--raw", "KEYS", "*:*"))
        .split("\n")
        .filter((key) => !key.startsWith("hearth:"))
        .sort();
      await redis("FLUSHALL");
      const three = reportOf(await warm({ shards: 3 }));
      expect(essence(three.report)).toEqual(essence(one.report));
      expect(three.report).toMatchObject({ ok: true, keys: rows + 201, validation: { verdict: "warm" } });
      expect(three.report.validation?.replay).toMatchObject({ before: { hits: 0 } });
      expect(three.report.validation?.readBack.sampled).toBeGreaterThan(300);
      const written = (await redis("--raw", "KEYS", "*:*"))
        .split("\n")
        .filter((key) => !key.startsWith("hearth:"))
        .sort();
      expect(written).toEqual(keys);
      expect(await redis("SCARD", "set:7")).toBe("20");
      expect(await redis("--raw", "GET", String(three.markers[0]))).toBe(three.runId);
    });

    it("looks at the gate of the whole, and fails with its figures", async () => {
      const answer = await warm({ shards: 2, gate: { minHitRatio: 0.99 } });
      expect(answer).toMatchObject({
        error: {
          id: "warm",
          message: expect.stringMatching(
            /^The cache is not warm: hit ratio 0\.9\d+ of [\d,]+ replayed requests is below minHitRatio 0\.99/,
          ),
          outputs: { drift: "the gate was missed", report: { ok: false, keys: rows + 201 } },
        },
      });
    });

    it("fails with the part that did, and its cause", async () => {
      const [dataset] = plan.datasets;
      const broken = {
        name: "broken",
        datasets: [{ ...dataset, query: "SELECT 1 / (n - n) AS id FROM generate_series(1, 5) n" }],
      };
      const answer = await warm({ shards: 2, plan: broken });
      expect(answer).toMatchObject({
        error: { message: expect.stringMatching(/^Warming failed: .*part 1 of 2: .*division by zero/) },
      });
    });

    it("is refused where no pods are", async () => {
      const inputs = { name: "warming", endpoint, plan, source, gate: {}, shards: 4 };
      expect(await answerOf({ operation: "warm", action: "check", inputs })).toMatchObject({
        result: { failures: [{ property: "shards", reason: expect.stringContaining("on Kubernetes only") }] },
      });
    });
  },
  ["redis", "postgres", "node"],
);
