import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HealthChecker } from "../../../ops/health/checker.ts";
import { checkOnce, complaints, found } from "../../support/health.ts";
import { hearth } from "../../support/hearth.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const password = "never-to-be-seen-4711";
let server: TestRedis;
let client: Redis;

const endpoint = () => ({
  topology: "standalone" as const,
  nodes: [{ host: "127.0.0.1", port: server.port }],
  database: 0,
  password,
});

beforeEach(async () => {
  server = await startRedis(["maxmemory 30mb"], { password });
  client = server.client;
});
afterEach(() => server?.stop());

async function fill(keys: number): Promise<void> {
  const pipeline = client.pipeline();
  for (let id = 0; id < keys; id++) pipeline.set(`fill:${id}`, "x".repeat(100_000));
  await pipeline.exec().catch(() => {});
}

describe("hearth check, one server", () => {
  it("finds nothing wrong, leaves no key behind, and exits with 0", async () => {
    const { code, stdout } = await hearth(["check", "--hit-window", "0"], JSON.stringify(endpoint()));
    expect(stdout).toMatch(/^ok +connection +1 server answered as the user default, PING took [\d.]+ ms at most\n/);
    expect(stdout).toMatch(/\nok +read-write +a key was set, read and deleted on 1 primary, in [\d.]+ ms at most\n/);
    expect(stdout).toMatch(/\nhealthy: standalone of 1 server, 0 keys\n$/);
    expect(code).toBe(0);
    expect(await client.dbsize()).toBe(0);
  });

  it("writes into the endpoint's database", async () => {
    await client.call("ACL", "SETUSER", "default", "-select");
    const report = await checkOnce({ ...endpoint(), database: 3 });
    expect(complaints(report)).toEqual([
      `read-write unknown: 127.0.0.1:${server.port}: the user default may not write`,
    ]);
    await client.call("ACL", "SETUSER", "default", "+select");
    expect(complaints(await checkOnce({ ...endpoint(), database: 3 }))).toEqual([]);
  });

  it("a full memory: unhealthy where nothing may be evicted, degraded where keys make room", async () => {
    await fill(400);
    const full = await checkOnce(endpoint());
    expect(full.status).toBe("unhealthy");
    expect(found(full, "memory")).toEqual([["critical", expect.stringMatching(/uses 9\d\.\d % of 31\.5 MB \(noevic/)]]);
    expect(found(full, "read-write")).toEqual([
      ["critical", expect.stringContaining("no key can be written and read: OOM")],
    ]);
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    const evicting = await checkOnce(endpoint());
    expect(found(evicting, "memory")).toEqual([["warning", expect.stringContaining("(allkeys-lru)")]]);
    expect(found(evicting, "read-write")[0]?.[0]).toBe("ok");
    expect(evicting.status).toBe("degraded");
    // Only keys with a time to live may go, and there are none.
    await client.config("SET", "maxmemory-policy", "volatile-lru");
    expect(found(await checkOnce(endpoint()), "memory")[0]?.[0]).toBe("critical");
  });

  it("a snapshot that cannot be saved, and the writes that are refused for it", async () => {
    const [, folder] = (await client.config("GET", "dir")) as [string, string];
    await client.config("SET", "save", "3600 1");
    await client.set("key", "value");
    rmSync(folder, { recursive: true });
    await client.bgsave();
    await until("the snapshot has failed", async () =>
      (await client.info("persistence")).includes("rdb_last_bgsave_status:err"),
    );
    const report = await checkOnce(endpoint());
    expect(report.status).toBe("unhealthy");
    expect(complaints(report)).toEqual([
      expect.stringMatching(/^read-write critical: .*: no key can be written and read: MISCONF /),
      `persistence warning: 127.0.0.1:${server.port} could not save its last snapshot`,
    ]);
  });

  it("a wrong password: unhealthy, exit code 2, and the password is nowhere", async () => {
    const wrong = JSON.stringify({ ...endpoint(), password: `${password}-wrong` });
    const { code, stdout, stderr } = await hearth(["check", "--hit-window", "0"], wrong);
    expect(stdout).toMatch(
      /^critical +connection +127\.0\.0\.1:\d+ cannot be asked: WRONGPASS .* Make the endpoint anew/,
    );
    expect(stdout).toMatch(/\nunhealthy: standalone of 1 server; 2 critical, \d+ unknown\n$/);
    expect(stdout + stderr).not.toContain(password);
    expect(code).toBe(2);
  });

  it("no password where one is needed", async () => {
    const { password: _, ...without } = endpoint();
    const report = await checkOnce(without);
    expect(found(report, "connection")).toEqual([["critical", expect.stringContaining("NOAUTH")]]);
  });

  it("a server that hangs, and one that is gone", async () => {
    process.kill(server.pid, "SIGSTOP");
    try {
      const began = performance.now();
      const hanging = await checkOnce(endpoint());
      expect(performance.now() - began).toBeLessThan(3000);
      expect(found(hanging, "connection")).toEqual([
        ["critical", expect.stringMatching(/did not answer AUTH in 1500 ms/)],
      ]);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    await server.kill();
    const gone = await checkOnce(endpoint());
    expect(found(gone, "connection")).toEqual([["critical", expect.stringContaining("ECONNREFUSED")]]);
    expect(gone).toMatchObject({ status: "unhealthy", keys: null, servers: [{ connected: false, role: "unknown" }] });
  });

  it("--hit-window: hits of the users' reads while it lasts, not those before; exit code 1", async () => {
    await client.set("there", "1");
    for (let count = 0; count < 500; count++) await client.get("there");
    const folder = mkdtempSync(join(tmpdir(), "hearth-health-"));
    const file = join(folder, "endpoint.json");
    writeFileSync(file, JSON.stringify(endpoint()));
    try {
      let reading = true;
      const users = (async () => {
        while (reading) {
          const pipeline = client.pipeline();
          for (let count = 0; count < 3; count++) pipeline.get("there");
          for (let count = 0; count < 2; count++) pipeline.get("not-there");
          await pipeline.exec();
        }
      })();
      const { code, stdout } = await hearth(["check", "--endpoint", file, "--hit-window", "1", "--json"]);
      reading = false;
      await users;
      const report = JSON.parse(stdout);
      expect(report.hitRatio).toMatchObject({ over: "window" });
      expect(report.hitRatio.ratio).toBeCloseTo(0.6, 1);
      expect(complaints(report)).toEqual([
        expect.stringMatching(/^hit-ratio warning: 60\.\d % of .* in the last 1 s \(below 70/),
      ]);
      expect(report.recommendations[0]).toContain("Warm the cache");
      expect(code).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("the checks' own reads are no hits of the users", async () => {
    const checker = new HealthChecker(endpoint());
    try {
      for (let count = 0; count < 120; count++) await checker.check();
      const report = await checker.check();
      expect(await client.info("stats")).toMatch(/keyspace_hits:12\d/);
      expect(report.hitRatio).toMatchObject({ ratio: null, reads: 0 });
      for (let count = 0; count < 200; count++) await client.get("missing");
      expect((await checker.check()).hitRatio).toMatchObject({ ratio: 0, reads: 200, over: "window" });
    } finally {
      await checker.close();
    }
  });

  it.each([
    [["check", "--hit-window", "-1"], "", /Allowed is a whole number/],
    [["check", "--endpoint", "nowhere.json"], "", /--endpoint: the file nowhere\.json cannot be read \(ENOENT\)/],
    [["check"], '{"password":"never-to-be-seen-4711"}', /has no endpoint of Hearth/],
  ] as const)("wrong input ends with exit code 3: %j", async (args, input, message) => {
    const { code, stdout, stderr } = await hearth(args, input);
    expect(stderr).toMatch(message);
    expect(stdout + stderr).not.toContain(password);
    expect(code).toBe(3);
  });
});
