import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { StandaloneArgs } from "../../../infra/plan/args.ts";
import { dependentOnVersion } from "../../../infra/plan/directives/directives.ts";
import { planStandalone } from "../../../infra/plan/topology.ts";
import { localHost } from "../../../ops/local-host.ts";
import { inspectRedis } from "../../../ops/redis-binary.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { isIn } from "../../../ops/redis-version.ts";
import { freePorts, Lab } from "./lab.ts";

const lab = new Lab();
afterAll(() => lab.close());

async function installed(): Promise<string> {
  const redis = await inspectRedis();
  if ("problem" in redis) throw new Error(redis.problem);
  return redis.version;
}

async function refusals(asked: object[]): Promise<unknown> {
  const inputs = { name: "cache", directory: join(lab.folder, "base"), ports: [], asked };
  return (await lab.run(localHost, "check", inputs)).failures;
}

const extra = (directive: string, value: string | string[], range: object = {}) => ({
  property: `extraDirectives.${directive}`,
  directive,
  value,
  ...range,
});

it("says nothing about directives that the server takes", async () => {
  const limits = ["normal 0 0 0", "pubsub 1mb 1mb 9"];
  const asked = [extra("maxmemory-samples", "7"), extra("client-output-buffer-limit", limits), extra("save", "")];
  expect(await refusals(asked)).toEqual([]);
});

it("tells at once every value that the server refuses, and every directive of another version", async () => {
  const version = await installed();
  expect(
    await refusals([
      extra("maxmemory-samples", "many"),
      extra("maxclients", "100"),
      extra("repl-backlog-size", "a lot"),
      extra("loglevel", "loud"),
      extra("of-the-future", "1", { since: "99.0" }),
      extra("of-the-past", "1", { until: "5.0" }),
    ]),
  ).toEqual([
    {
      property: "extraDirectives.of-the-future",
      reason: `this machine's redis-server is ${version}, and of-the-future came with Redis 99.0: leave it out, or install Redis 99.0 or later`,
    },
    {
      property: "extraDirectives.of-the-past",
      reason: `this machine's redis-server is ${version}, and of-the-past is not in Redis after 5.0: leave it out`,
    },
    {
      property: "extraDirectives.maxmemory-samples",
      reason: `redis-server ${version} refuses "many": argument couldn't be parsed into an integer`,
    },
    {
      property: "extraDirectives.repl-backlog-size",
      reason: expect.stringContaining(`redis-server ${version} refuses "a lot": argument must be a memory`),
    },
    {
      property: "extraDirectives.loglevel",
      reason: expect.stringContaining(`redis-server ${version} refuses "loud": argument`),
    },
  ]);
});

it("tells that a build cannot defragment, where it cannot", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("defrag", port);
  await lab.start(node);
  const set = lab.ask(node, "CONFIG", "SET", "activedefrag", "yes");
  const can = await set.then(
    () => true,
    () => false,
  );
  const why = "it was built without Redis's own jemalloc, as those of Debian and Ubuntu are; leave it out";
  expect(await refusals([{ property: "activeDefrag", directive: "activedefrag", value: "yes" }])).toEqual(
    can ? [] : [{ property: "activeDefrag", reason: `redis-server ${await installed()} refuses "yes": ${why}` }],
  );
});

it("leaves out what the installed version does not have", async () => {
  const [port = 0] = await freePorts(1);
  const directives = { save: "", "of-the-future": "1", "of-the-past": "1", hz: "20" };
  const directiveVersions = {
    "of-the-future": { since: "99.0" },
    "of-the-past": { until: "5.0" },
    hz: { since: "6.0" },
  };
  const node = lab.node("versions", port, { directives, directiveVersions });
  await lab.start(node);
  expect(await lab.ask(node, "CONFIG", "GET", "hz")).toEqual(["hz", "20"]);
  expect(readFileSync(join(lab.folder, "versions", "redis.conf"), "utf8")).not.toMatch(/of-the/);
  // And it is not taken for a change that is still to be made.
  const again = await lab.run(redisProcess, "update", node);
  expect(again.outputs?.pid).toBe((await lab.run(redisProcess, "read", node)).outputs?.pid);
});

it("changes every typed argument on the running server, but for the threads", async () => {
  const version = await installed();
  const [port = 0] = await freePorts(1);
  const inputs = (args: StandaloneArgs) => {
    const { directives = {} } = planStandalone("typed", { port, ...args }).nodes[0] ?? {};
    return lab.node("typed", port, { directives, directiveVersions: dependentOnVersion(Object.keys(directives)) });
  };
  const first = await lab.start(inputs({}));
  const changed: StandaloneArgs = {
    memoryLimit: "200mb",
    maxmemoryClients: "40mb",
    eviction: "allkeys-lfu",
    persistence: "aof-always",
    timeout: "60 seconds",
    tcpKeepalive: "60 seconds",
    slowlog: { slowerThan: "20 ms", maxLen: 64 },
    latencyMonitorThreshold: "250 ms",
    hz: 20,
    lazyfree: false,
    encodings: {
      hashMaxListpackEntries: 256,
      hashMaxListpackValue: 128,
      listMaxListpackSize: -1,
      setMaxIntsetEntries: 256,
      setMaxListpackEntries: 64,
      setMaxListpackValue: 32,
      zsetMaxListpackEntries: 64,
      zsetMaxListpackValue: 32,
    },
  };
  const node = inputs(changed);
  const second = await lab.run(redisProcess, "update", node);
  expect(second.outputs?.pid).toBe(first.outputs?.pid);
  const expected: Record<string, string> = {
    maxmemory: `${150 * 1024 ** 2}`,
    "maxmemory-policy": "allkeys-lfu",
    appendonly: "yes",
    appendfsync: "always",
    timeout: "60",
    "tcp-keepalive": "60",
    "slowlog-log-slower-than": "20000",
    "slowlog-max-len": "64",
    "latency-monitor-threshold": "250",
    hz: "20",
    "lazyfree-lazy-expire": "no",
    "hash-max-ziplist-entries": "256",
    "hash-max-ziplist-value": "128",
    "list-max-ziplist-size": "-1",
    "set-max-intset-entries": "256",
    "zset-max-ziplist-entries": "64",
    "zset-max-ziplist-value": "32",
    ...(isIn(version, { since: "7.0" }) && {
      "maxmemory-clients": `${40 * 1024 ** 2}`,
      "hash-max-listpack-entries": "256",
      "zset-max-listpack-value": "32",
    }),
    ...(isIn(version, { since: "7.2" }) && { "set-max-listpack-entries": "64", "set-max-listpack-value": "32" }),
  };
  for (const [name, value] of Object.entries(expected)) {
    expect(await lab.ask(node, "CONFIG", "GET", name)).toEqual([name, value]);
  }
  const third = await lab.run(redisProcess, "update", inputs({ ...changed, ioThreads: 2 }));
  expect(third.outputs?.pid).not.toBe(first.outputs?.pid);
  expect(await lab.ask(node, "CONFIG", "GET", "io-threads")).toEqual(["io-threads", "2"]);
  expect(await lab.ask(node, "CONFIG", "GET", "appendfsync")).toEqual(["appendfsync", "always"]);
});
