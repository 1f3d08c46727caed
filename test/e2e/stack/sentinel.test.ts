import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { clientOf, serverAt } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { pidOf } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

let stack: TestStack;
let operator: Endpoint;
let sentinels: Redis[];
let port: number;

beforeAll(async () => {
  port = await freePorts(3);
  const sentinelPort = await freePorts(3);
  stack = await new TestStack({
    topology: "sentinel",
    port: `${port}`,
    sentinelPort: `${sentinelPort}`,
    downAfter: "1 second",
    source: "demo",
    plan: "meal-planner",
    minKeys: "1000",
  }).init();
  await stack.up();
  operator = (await stack.outputs()).endpoints.operator;
  sentinels = [0, 1, 2].map((index) => serverAt(sentinelPort + index, operator));
});
afterAll(async () => {
  for (const sentinel of sentinels ?? []) sentinel.disconnect();
  await stack?.end();
});

async function primaryPort(sentinel: Redis): Promise<number> {
  const [, found] = (await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")) as [string, string];
  return Number(found);
}

it("after up the sentinels know each other, agree, and have their quorum", async () => {
  for (const sentinel of sentinels) {
    expect(await sentinel.call("SENTINEL", "CKQUORUM", "mymaster")).toMatch(/^OK 3 usable Sentinels/);
    expect(await primaryPort(sentinel)).toBe(port);
    expect(await sentinel.call("SENTINEL", "SENTINELS", "mymaster")).toHaveLength(2);
    expect(await sentinel.call("SENTINEL", "REPLICAS", "mymaster")).toHaveLength(2);
  }
});

it("after up both replicas have the data", async () => {
  for (const replica of [serverAt(port + 1, operator), serverAt(port + 2, operator)]) {
    expect(await replica.info("replication")).toMatch(/role:slave[\s\S]*master_link_status:up/);
    expect(await replica.dbsize()).toBeGreaterThanOrEqual(1820);
    replica.disconnect();
  }
});

it("an application writes through the sentinels", async () => {
  const client = clientOf((await stack.outputs()).endpoint);
  expect(await client.set("written", "by the application")).toBe("OK");
  client.disconnect();
});

it("a second up changes nothing", async () => {
  expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
});

it("the primary killed: the sentinels promote another, refresh shows the loss, up brings it back as a replica", async () => {
  process.kill(pidOf(stack.directory, "cache-0"), "SIGKILL");
  const promoted = await until("another primary", async () => {
    const ports = await Promise.all(sentinels.map(primaryPort));
    return ports.every((found) => found !== port && found === ports[0]) && ports[0];
  });
  expect(await stack.refresh()).toMatch(/1 deleted/);
  expect(await stack.preview()).toMatch(/\+\s+\S*RedisProcess\s+cache-0/);
  await stack.up();
  const back = serverAt(port, operator);
  expect(await back.info("replication")).toMatch(
    new RegExp(`role:slave[\\s\\S]*master_port:${promoted}[\\s\\S]*master_link_status:up`),
  );
  expect(await back.get("written")).toBe("by the application");
  back.disconnect();
  for (const sentinel of sentinels) expect(await primaryPort(sentinel)).toBe(promoted);
  const roles = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const server = serverAt(port + index, operator);
      const [role] = (await server.role()) as [string];
      server.disconnect();
      return role;
    }),
  );
  expect(roles.filter((role) => role === "master")).toHaveLength(1);
});

it("one changed directive is shown by name, on the three data nodes", async () => {
  stack.set({ eviction: "volatile-lru" });
  const text = await stack.preview("--diff");
  expect(text.match(/~ "?maxmemory-policy"?\s*: "allkeys-lru" => "volatile-lru"/g)).toHaveLength(3);
  await stack.up();
  const client = serverAt(port + 1, operator);
  expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "volatile-lru"]);
  client.disconnect();
});
