import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { gateSchema } from "../../../contract/warming.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { BusyError, WarmLock } from "../../../warmer/resume/lock.ts";
import { type WatchOptions, type WatchReason, watchCache } from "../../../warmer/resume/watch.ts";
import { type RunOptions, runWarming } from "../../../warmer/run-warming.ts";
import { readStats } from "../../../warmer/stats.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startStandalone, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

let postgres: TestPostgres;
let redis: TestTopology<"standalone">;
let server: TestRedis;
let client: Redis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startStandalone()]);
  server = redis.servers[0] as TestRedis;
  client = server.client;
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()]);
});

beforeEach(async () => {
  await client.flushall();
});

const plan = parsePlan({
  name: "shared",
  datasets: [
    {
      name: "n",
      query: "SELECT n AS id, repeat('x', 200) AS text FROM generate_series(1, 3000) n",
      key: "n:{id}",
      value: { type: "json" },
      ttl: 3600,
    },
  ],
});

const run = (more: Partial<RunOptions> = {}, endpoint: Endpoint = redis.endpoint) =>
  runWarming({ endpoint, plan, source: { url: postgres.url }, gate: gateSchema.parse({}), ...more });

const slow = { onBusy: "fail", controls: { limits: { keysPerSecond: 2000 } } } as const;
const locked = () => until("the lock is held", async () => (await client.exists("hearth:lock:shared")) === 1);

const lockOptions = { plan: "shared", onBusy: "wait", waitMs: 20_000 } as const;

describe("two warmers at once", () => {
  it("the second refuses, and names the first", async () => {
    const first = run(slow);
    await locked();
    await expect(run({ onBusy: "fail" })).rejects.toThrow(
      new RegExp(
        `^Another warmer is at work on the plan "shared" in this cache \\(process ${process.pid} on .*, since 20.*\\)\\. Try again`,
      ),
    );
    await expect(run({ onBusy: "fail" })).rejects.toBeInstanceOf(BusyError);
    expect(await first).toMatchObject({ ok: true, keys: 3000 });
    expect(await client.exists("hearth:lock:shared")).toBe(0);
  });

  it("the second waits, and says so once", async () => {
    const said: string[] = [];
    const first = run(slow);
    await locked();
    const second = await run({ onBusy: "wait", progress: (line) => said.push(line) });
    expect(second).toMatchObject({ ok: true, keys: 3000 });
    expect((await first).startedAt < second.startedAt).toBe(true);
    expect(said.filter((line) => line.includes("waiting for it"))).toHaveLength(1);
  });

  it("shards of one plan go side by side, and so do other plans", async () => {
    const shard = (index: number) => run({ ...slow, shard: { index, count: 2 } });
    const other = { ...slow, plan: { ...plan, name: "other" } };
    const reports = await Promise.all([shard(0), shard(1), run(other)]);
    expect(reports.map(({ keys }) => keys).reduce((sum, keys) => sum + keys)).toBe(6000);
  });

  it("a lock is renewed, taken again when it was lost, and ends the run when another has it", async () => {
    const lock = await WarmLock.take(client, lockOptions);
    await client.pexpire("hearth:lock:shared", 5000);
    await until("it is renewed", async () => (await client.pttl("hearth:lock:shared")) > 7000);
    await client.del("hearth:lock:shared");
    await locked();
    await client.set("hearth:lock:shared", "another's");
    await until("the loss is noticed", async () => lock.signal.aborted);
    expect(String(lock.signal.reason)).toContain("another warmer has taken the lock");
    await lock.release();
    expect(await client.get("hearth:lock:shared")).toBe("another's");
  });

  it("a holder of this machine that was killed is not waited for; one that is elsewhere is, until it expires", async () => {
    const child = spawn("sleep", ["60"]);
    const lock = await WarmLock.take(client, lockOptions);
    const text = JSON.parse((await client.get("hearth:lock:shared")) ?? "{}");
    await lock.release();
    const holder = JSON.stringify({ ...text, pid: child.pid });
    await client.set("hearth:lock:shared", holder, "PX", 60_000);
    await expect(WarmLock.take(client, { ...lockOptions, onBusy: "fail" })).rejects.toBeInstanceOf(BusyError);
    await expect(WarmLock.take(client, { ...lockOptions, waitMs: 300 })).rejects.toThrow("has not ended within 0 s");
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await WarmLock.take(client, { ...lockOptions, onBusy: "fail" })).release();
    await client.set("hearth:lock:shared", JSON.stringify({ ...text, place: "elsewhere" }), "PX", 1500);
    const started = performance.now();
    await (await WarmLock.take(client, lockOptions)).release();
    expect(performance.now() - started).toBeGreaterThan(1000);
  });

  it("goes on without a lock where the user may not keep one", async () => {
    await client.call("ACL", "SETUSER", "narrow", "on", ">pw", "~n:*", "+@all");
    const said: string[] = [];
    const endpoint = { ...redis.endpoint, username: "narrow", password: "pw" };
    const report = await run({ onBusy: "fail", resume: true, progress: (line) => said.push(line) }, endpoint);
    expect(report).toMatchObject({ ok: true, keys: 3000 });
    expect(said.join()).toContain("no lock keeps a second warmer away: NOPERM");
    expect(report.warnings?.join()).toContain("a run that dies cannot go on later: NOPERM");
  });

  it("leaves an empty cache empty to validation: the lock is not counted", async () => {
    const nothing = parsePlan({
      name: "none",
      datasets: [{ ...plan.datasets[0], query: "SELECT 1 AS id WHERE false" }],
    });
    const report = await run({ onBusy: "fail", plan: nothing });
    expect(report.validation?.problems[0]).toBe("the cache holds no keys at all");
  });
});

describe("watch", () => {
  /** Watches until `done` says so, and returns why each run was made. */
  async function watch(options: Partial<WatchOptions>, done: (reasons: readonly WatchReason[]) => boolean) {
    const reasons: WatchReason[] = [];
    const errors: unknown[] = [];
    const ended = new AbortController();
    const watching = watchCache({
      firstAfterMs: 0,
      everyMs: 60_000,
      windowMs: 200,
      signal: ended.signal,
      readCounters: () => readStats(redis.endpoint),
      failed: (error) => errors.push(error),
      ...options,
      run: async (reason) => {
        reasons.push(reason);
        await options.run?.(reason);
        await run();
      },
    });
    await until("the watch has done its work", async () => done(reasons), 15_000);
    ended.abort(new Error("interrupted by SIGTERM"));
    await watching;
    return { reasons, errors };
  }

  it("warms after a while, and then by the clock", async () => {
    const times: number[] = [];
    const started = performance.now();
    const options = { firstAfterMs: 300, everyMs: 700, run: async () => void times.push(performance.now() - started) };
    const { reasons } = await watch(options, ({ length }) => length === 3);
    expect(reasons.map(({ kind }) => kind)).toEqual(["first", "schedule", "schedule"]);
    expect(times[0]).toBeGreaterThan(290);
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThan(690);
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeLessThan(1200);
  });

  it("warms when the users' hit rate falls, and does not count its own reads", async () => {
    let reading = true;
    const user = (async () => {
      await until("the cache is warm", async () => (await client.dbsize()) >= 3000);
      while (reading) {
        // 8 of 10 hit.
        const keys = Array.from({ length: 10 }, (_, index) => (index < 2 ? "missing" : `n:${index}`));
        await Promise.all(keys.map((key) => client.get(key)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const { reasons } = await watch({}, ({ length }) => length === 2);
    reading = false;
    await user;
    expect(reasons[0]).toEqual({ kind: "first" });
    expect(reasons[1]).toMatchObject({ kind: "hit-rate", hitRate: expect.closeTo(0.8, 1) });
    // Nobody reads but the runs themselves, whose replay of an emptied cache misses: no reason to warm.
    const quiet = await watch(
      { everyMs: 1200, run: async () => void (await client.flushall()) },
      ({ length }) => length === 2,
    );
    expect(quiet.reasons.map(({ kind }) => kind)).toEqual(["first", "schedule"]);
  });

  it("goes on after a run that failed, and where servers do not answer", async () => {
    let runs = 0;
    const options = {
      everyMs: 200,
      readCounters: () => Promise.reject(new Error("no answer")),
      run: () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error("PostgreSQL is gone")) : Promise.resolve();
      },
    };
    const { errors } = await watch(options, ({ length }) => length >= 2);
    expect(errors).toEqual([new Error("PostgreSQL is gone")]);
  });
});
