import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Address } from "../../../contract/address.ts";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { gateSchema, type WarmReport } from "../../../contract/warming.ts";
import { parsePlan } from "../../../warmer/plan.ts";
import { CacheReader } from "../../../warmer/reader.ts";
import { runWarming } from "../../../warmer/run-warming.ts";
import { warm } from "../../../warmer/warm.ts";
import { freePorts } from "../../support/ports.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { startProxy, type TestProxy } from "../../support/proxy.ts";
import { startCluster, startSentinel, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

const rows = 3000;
const plan = parsePlan({
  name: "nat",
  datasets: [
    {
      name: "numbers",
      query: `SELECT n AS id, md5(n::text) AS text FROM generate_series(1, ${rows}) n`,
      key: "n:{id}",
      value: { type: "hash" },
      ttl: "1 hour",
    },
  ],
});

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Writes, reads back, asks as clients do: everything over this endpoint. */
function warmOver(endpoint: Endpoint): Promise<WarmReport> {
  const gate = gateSchema.parse({ onNoTraffic: "pass" });
  return runWarming({
    endpoint,
    plan,
    source: { url: postgres.url },
    gate,
    deadlineMs: 60_000,
    signal: AbortSignal.timeout(60_000),
    progress: () => {},
  });
}

const warmed = { ok: true, keys: rows, failed: 0, validation: { readBack: { matching: expect.any(Number) } } };

describe("servers that call themselves by addresses which the client does not reach", () => {
  it("a cluster: every node is reached by the natMap", async () => {
    const cluster: TestTopology<"cluster"> = await startCluster();
    ends.push(() => cluster.stop());
    // Nobody listens where the nodes say that they are; their bus is where it was.
    const announced = await freePorts(cluster.servers.length);
    for (const [index, { client, port }] of cluster.servers.entries()) {
      await client.config("SET", "cluster-announce-bus-port", String(port + 10_000));
      await client.config("SET", "cluster-announce-port", String(announced + index));
    }
    await until("all nodes name all others by the new ports", async () => {
      const views = await Promise.all(cluster.servers.map(({ client }) => client.call("CLUSTER", "NODES")));
      return views.every((view) =>
        cluster.servers.every((_, index) => String(view).includes(`:${announced + index}@`)),
      );
    });
    const natMap = Object.fromEntries(
      cluster.endpoint.nodes.map((node, index) => [`127.0.0.1:${announced + index}`, node]),
    );
    expect(await warmOver({ ...cluster.endpoint, natMap })).toMatchObject(warmed);
    const lost = await warm({ endpoint: cluster.endpoint, plan, postgresUrl: postgres.url, deadlineMs: 3000 });
    expect(lost.ok).toBe(false);
  });

  it("Sentinel: the primary that it names is reached by the natMap, by the warmer and by validation", async () => {
    const sentinel = await startSentinel();
    ends.push(() => sentinel.stop());
    const [primary] = sentinel.servers as [TestRedis];
    const door: TestProxy = await startProxy(primary.port, {});
    ends.push(() => door.stop());
    const natMap: Record<string, Address> = { [`127.0.0.1:${primary.port}`]: { host: "127.0.0.1", port: door.port } };
    const endpoint = { ...sentinel.endpoint, natMap };
    expect(await warm({ endpoint, plan, postgresUrl: postgres.url, deadlineMs: 60_000 })).toMatchObject({
      ok: true,
      keys: rows,
    });
    const writing = door.connections;
    expect(writing).toBeGreaterThan(0);
    const reader = await CacheReader.open(endpoint, 3000);
    expect(await reader.client.exists("n:1")).toBe(1);
    reader.close();
    expect(door.connections).toBeGreaterThan(writing);
    expect(await warmOver(endpoint)).toMatchObject(warmed);
  });
});
