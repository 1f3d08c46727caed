import { beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import type { WarmReport } from "../../../contract/warming.ts";
import { runIn } from "../../support/kubernetes/pods.ts";
import { kubernetesTest } from "../../support/kubernetes.ts";
import { answerOf } from "../docker/runner-lab.ts";
import { password, runnerIn, sourcePassword, startPostgresPod, startRedis } from "./runner-lab.ts";

/** What an application of some size keeps of its users: 12 columns, 245 bytes. */
const rows = 1_000_000;
const table = `CREATE UNLOGGED TABLE users AS SELECT n AS id, 'user-' || n AS name, md5(n::text) AS token, n % 97 AS age,
  (n % 7 = 0) AS admin, 'city-' || n % 1000 AS city, 'lang-' || n % 12 AS lang, n * 0.01 AS balance,
  md5('a' || n) AS avatar, now() - n * interval '1 second' AS seen, 'plan-' || n % 5 AS plan, md5('s' || n) AS session
  FROM generate_series(1, ${rows}) n`;
const plan = {
  name: "million",
  datasets: [{ name: "users", query: "SELECT * FROM users", key: "user:{id}", value: { type: "hash" }, ttl: "1 hour" }],
  // One in twenty requests is for a user that there is not.
  replay: {
    query: `SELECT 'user:' || n AS cache_key FROM generate_series(1, ${Math.round(rows * 1.05)}, 7) n`,
    sample: 20_000,
  },
};
const minutes = (count: number) => count * 60_000;

kubernetesTest(
  "a million rows",
  (namespace) => {
    let endpoint: Endpoint;
    let source: { url: string };
    beforeAll(async () => {
      // DEBUG DIGEST: one number of all keys, values, and whether they expire.
      const options = ["--enable-debug-command", "local"];
      [{ endpoint }, source] = await Promise.all([startRedis(namespace, options), startPostgresPod(namespace)]);
      const made = await runIn(namespace, "postgres", [
        "psql",
        `postgresql://postgres:${sourcePassword}@127.0.0.1/postgres`,
        "-c",
        table,
      ]);
      expect(made.text).toContain(`SELECT ${rows}`);
    }, minutes(5));

    const redis = async (...command: string[]) =>
      (await runIn(namespace, "redis", ["redis-cli", "--no-auth-warning", "-a", password, ...command])).text.trim();

    /** Warms an empty Redis; what is in it afterwards, apart from who has warmed it. */
    async function warm(shards: number) {
      await redis("FLUSHALL");
      const gate = { minKeys: rows, minHitRatio: 0.9 };
      const inputs = { name: "warming", endpoint, plan, source, gate, runner: runnerIn(namespace), shards };
      const start = performance.now();
      const answer = await answerOf({ operation: "warm", inputs, deadlineMs: minutes(10) });
      const wholeMs = performance.now() - start;
      expect(answer).toHaveProperty("result.outputs.report.ok", true);
      const { report, markers } = (
        answer as unknown as { result: { outputs: { report: WarmReport; markers: string[] } } }
      ).result.outputs;
      expect(await redis("DEL", ...markers)).toBe(`${markers.length}`);
      return { report, wholeMs, size: await redis("DBSIZE"), digest: await redis("DEBUG", "DIGEST") };
    }
    const essence = ({ ok, rows, keys, failed, datasets, validation }: WarmReport) => ({
      ...{ ok, rows, keys, failed, verdict: validation?.verdict, population: validation?.replay.population },
      ...{
        problems: validation?.problems,
        datasets: datasets.map(({ name, status, keys }) => ({ name, status, keys })),
      },
    });

    it(
      "are the same in Redis, and pass the same gate, whether one pod or four have warmed them",
      async () => {
        const [one, four] = [await warm(1), await warm(4)];
        const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
        for (const [shards, { report, wholeMs }] of [one, four].map((each, index) => [index ? 4 : 1, each] as const)) {
          console.log(
            `${rows} rows, ${shards} ${shards === 1 ? "shard" : "shards"}: ${seconds(report.durationMs)} in the pods, ` +
              `${seconds(wholeMs)} with Jobs and gate, ${Math.round(report.rate)} keys/s while writing, ` +
              `hit ratio ${report.validation?.replay.hitRatio?.toFixed(3)}`,
          );
        }
        expect(one.report).toMatchObject({ keys: rows, failed: 0, validation: { verdict: "warm" } });
        expect(essence(four.report)).toEqual(essence(one.report));
        expect([one.size, four.size]).toEqual([`${rows}`, `${rows}`]);
        expect(one.digest).toMatch(/^[0-9a-f]{40}$/);
        expect(four.digest).toBe(one.digest);
      },
      minutes(15),
    );
  },
  ["redis", "postgres", "node"],
);
