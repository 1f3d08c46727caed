import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeAuthority } from "../../support/certificates.ts";
import { clientOf } from "../../support/client.ts";
import { startSentinel, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";
import { Writer } from "../../support/writer.ts";
import { accepts, password, primaryOf, startPrimaryProxy, type TestProxy } from "./lab.ts";

const runIdOf = (info: string): string => /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
/** The first two sentinels. */
const sentinelsOf = ({ servers }: TestTopology<"sentinel">) => servers.slice(3, 5) as [TestRedis, TestRedis];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a proxy that leads to the primary", () => {
  let topology: TestTopology<"sentinel">;
  let proxy: TestProxy;
  beforeEach(async () => {
    topology = await startSentinel(password);
    proxy = await startPrimaryProxy(topology);
  });
  afterEach(async () => {
    await proxy?.stop();
    await topology?.stop();
    // As whom it asks, and what clients send, is in no line of its log.
    expect(proxy.log()).not.toContain(password);
  });

  /** Run id of the server that a new client is led to; undefined where it is refused. */
  async function ledTo(): Promise<string | undefined> {
    const client = clientOf(proxy.endpoint, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on("error", () => {});
    try {
      const info = await client.info();
      // Never anything else, at any time.
      expect(info).toContain("role:master");
      return runIdOf(info);
    } catch (error) {
      if ((error as Error).name === "AssertionError") throw error;
      return undefined;
    } finally {
      client.disconnect();
    }
  }

  it.each<[string, (topology: TestTopology<"sentinel">) => Promise<unknown>]>([
    [
      "SENTINEL FAILOVER",
      ({ servers }) => servers[3]?.client.call("SENTINEL", "FAILOVER", "cache") as Promise<unknown>,
    ],
    ["kill -9 of the primary", async (all) => (await primaryOf(all)).kill("SIGKILL")],
  ])("%s: a client that comes again loses no acknowledged write, and never meets a replica", async (_, failOver) => {
    const before = await primaryOf(topology);
    const writer = new Writer(proxy.endpoint);
    await until("it writes", async () => writer.acknowledged > 500);
    await failOver(topology);
    const after = await until("another one is the primary", async () => {
      const now = await primaryOf(topology);
      return now !== before && now;
    });
    const then = writer.acknowledged;
    await until("it writes again", async () => writer.acknowledged > then + 500);
    const written = await writer.stop();
    console.log(`proxy: ${_}: ${JSON.stringify(written)}`);
    expect(written.reasons).not.toHaveProperty("READONLY");
    expect(await ledTo()).toBe(runIdOf(await after.client.info()));
    expect(await writer.lost(topology.endpoint)).toBe(0);
  });

  it("an old primary that was paused and comes back is not served", async () => {
    const before = await primaryOf(topology);
    const oldId = runIdOf(await before.client.info());
    const open = clientOf(proxy.endpoint, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    open.on("error", () => {});
    await open.set("k", "v");
    expect(await before.client.wait(2, 5000)).toBe(2);
    const closed = new Promise((resolve) => open.once("close", resolve));
    process.kill(before.pid, "SIGSTOP");
    try {
      await closed;
      const newId = await until("another one is served", ledTo);
      expect(newId).not.toBe(oldId);
      process.kill(before.pid, "SIGCONT");
      // It takes itself for the primary until the sentinels tell it otherwise.
      const met = new Set<string | undefined>();
      await until("it is a replica", async () => {
        for (let count = 0; count < 20; count++) met.add(await ledTo());
        return (await before.client.info("replication")).includes("role:slave");
      });
      expect([...met]).toEqual([newId]);
    } finally {
      process.kill(before.pid, "SIGCONT");
      open.disconnect();
    }
  });

  it("without most of the sentinels it refuses, and is not ready; with them it serves again", async () => {
    const [one, two] = sentinelsOf(topology);
    const open = clientOf(proxy.endpoint, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    open.on("error", () => {});
    await open.ping();
    await one.kill();
    // One less is no matter, also when what it said last has no weight any more.
    await pause(1000);
    expect(await open.ping()).toBe("PONG");
    const closed = new Promise((resolve) => open.once("close", resolve));
    const begin = performance.now();
    await two.kill();
    await closed;
    expect(performance.now() - begin).toBeLessThan(3000); // nobody else would close it
    expect(await accepts(proxy.port)).toBe(false);
    expect(await proxy.ready()).toBe(503);
    expect(proxy.log()).toContain("1 of 3 sentinels answer");
    await two.restart();
    await until("it is ready again", async () => (await proxy.ready()) === 200);
    expect(await ledTo()).toBeDefined();
  });
});

describe("connections through it", () => {
  let topology: TestTopology<"sentinel">;
  let proxy: TestProxy;
  beforeEach(async () => {
    topology = await startSentinel(password);
    proxy = await startPrimaryProxy(topology, { maxConnections: 3 });
  });
  afterEach(async () => {
    await proxy?.stop();
    await topology?.stop();
  });

  /** Sends, and reads nothing before it is told to. */
  function lazy(text: string) {
    const socket = connect({ port: proxy.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.pause();
    socket.write(`AUTH ${password}\r\n${text}`);
    return socket;
  }

  it("a client that does not read holds the server back, not the proxy's memory", async () => {
    const client = clientOf(proxy.endpoint);
    await client.set("large", "x".repeat(8 << 20));
    client.disconnect();
    const socket = lazy("GET large\r\n".repeat(25));
    let held: string | undefined;
    await until("the server keeps what it cannot send, and no less of it", async () => {
      const { client } = await primaryOf(topology);
      const before = held;
      held = / omem=([1-9]\d{7,}) /.exec(String(await client.call("CLIENT", "LIST")))?.[1];
      return held !== undefined && held === before;
    });
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${proxy.pid}/status`, "utf8"))?.[1]) / 1024;
    expect(rss).toBeLessThan(200);
    let bytes = 0;
    socket.on("data", (data) => {
      bytes += data.length;
    });
    socket.resume();
    await until("all of it has come", async () => bytes > 25 * (8 << 20));
  });

  it("there are no more than allowed", async () => {
    const sockets = Array.from({ length: 3 }, () => lazy("PING\r\n"));
    const answered = sockets.map(
      (socket) => new Promise((resolve) => socket.once("data", (data) => resolve(String(data))).resume()),
    );
    expect(await Promise.all(answered)).toEqual(Array(3).fill(expect.stringContaining("+OK")));
    const fourth = lazy("PING\r\n");
    await new Promise((resolve) => fourth.once("close", resolve).resume());
    expect(fourth.bytesRead).toBe(0);
    expect(proxy.log()).toContain("too many connections");
    for (const socket of sockets) socket.destroy();
  });

  it("SIGTERM: not ready, nobody new, what is idle is closed, what waits has until the deadline", async () => {
    const idle = lazy("PING\r\n").resume();
    const waits = lazy("PING\r\n").resume();
    await until("both are served", async () => idle.bytesRead > 5 && waits.bytesRead > 5);
    waits.write("BLPOP nothing 0\r\n");
    await pause(200); // idle is who has been silent for 100 ms
    const at = async (socket: typeof idle) => {
      await new Promise((resolve) => socket.once("close", resolve));
      return performance.now() - begin;
    };
    const begin = performance.now();
    proxy.kill("SIGTERM");
    const [first, second, code] = await Promise.all([
      at(idle),
      at(waits),
      proxy.ended,
      until("nobody new is taken", async () => !(await accepts(proxy.port))),
    ]);
    expect(first).toBeLessThan(1500);
    expect(second).toBeGreaterThanOrEqual(1900);
    expect(code).toBe(0);
  });
});

it("asks by TLS, with a certificate of its own, and passes a client's TLS on as it is", async () => {
  const authority = await makeAuthority();
  const [server, client] = [await authority.issue("server"), await authority.issue("client", { usage: "client" })];
  const tls = { authority, server, client };
  const topology = await startSentinel(password, tls);
  const proxy = await startPrimaryProxy(topology, {}, tls);
  try {
    const redis = clientOf(proxy.endpoint);
    expect(await redis.set("k", "v")).toBe("OK");
    redis.disconnect();
    expect(await primaryOf(topology).then(({ client }) => client.get("k"))).toBe("v");
  } finally {
    await proxy.stop();
    await topology.stop();
    await authority.remove();
  }
});
