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
let servers: Redis[];

beforeAll(async () => {
  const port = await freePorts(6, { bus: true });
  stack = await new TestStack({
    topology: "cluster",
    port: `${port}`,
    persistence: "aof",
    nodeTimeout: "2 seconds",
    source: "demo",
    plan: "meal-planner",
    minKeys: "1000",
  }).init();
  await stack.up();
  operator = (await stack.outputs()).endpoints.operator;
  servers = Array.from({ length: 6 }, (_, index) => serverAt(port + index, operator));
  for (const server of servers) server.on("error", () => {});
});
afterAll(async () => {
  for (const server of servers ?? []) server.disconnect();
  await stack?.end();
});

interface Row {
  readonly id: string;
  readonly port: number;
  readonly flags: string[];
  readonly primary: string;
  readonly link: string;
}

/** What one node says of all. */
async function view(server: Redis): Promise<Row[]> {
  const text = (await server.call("CLUSTER", "NODES")) as string;
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [id = "", address = "", flags = "", primary = "", , , , link = ""] = line.split(" ");
      return { id, port: Number(/:(\d+)@/.exec(address)?.[1]), flags: flags.split(","), primary, link };
    });
}

async function healthy(server: Redis): Promise<boolean> {
  const info = (await server.call("CLUSTER", "INFO")) as string;
  return /cluster_state:ok/.test(info) && /cluster_slots_ok:16384/.test(info) && /cluster_known_nodes:6/.test(info);
}

it("after up all slots are covered, and each primary has a connected replica", async () => {
  for (const server of servers) expect(await healthy(server)).toBe(true);
  const rows = await view(servers[0] as Redis);
  const primaries = rows.filter(({ flags }) => flags.includes("master"));
  expect(primaries).toHaveLength(3);
  for (const { id } of primaries) {
    expect(rows.filter(({ primary, link }) => primary === id && link === "connected")).toHaveLength(1);
  }
});

it("an application finds all keys through the cluster client", async () => {
  const { endpoint, report } = await stack.outputs();
  expect(report.keys).toBe(1820);
  const client = clientOf(endpoint);
  const keys = (await Promise.all(servers.slice(0, 3).map((server) => server.keys("recipe:*")))).flat();
  expect(keys).toHaveLength(100);
  for (const key of keys.slice(0, 20)) expect(JSON.parse((await client.get(key)) ?? "null").cached).toBe(true);
  await client.set("written", "by the application");
  client.disconnect();
});

it("a second up changes nothing", async () => {
  expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
});

it("a primary killed: its replica is promoted by the cluster, and up brings the node back as a replica", async () => {
  const before = await view(servers[1] as Redis);
  process.kill(pidOf(stack.directory, "cache-0"), "SIGKILL");
  const killed = before.find(({ port }) => port === (servers[0] as Redis).options.port);
  await until("a promoted replica", async () => {
    const rows = await view(servers[1] as Redis);
    return rows.some(
      ({ id, flags }) => flags.includes("master") && before.find((row) => row.id === id)?.primary === killed?.id,
    );
  });
  expect(await stack.refresh()).toMatch(/1 deleted/);
  await stack.up();
  const rows = await view(servers[1] as Redis);
  expect(rows.find(({ id }) => id === killed?.id)?.flags).toContain("slave");
  for (const server of servers.slice(1)) expect(await healthy(server)).toBe(true);
});

it("all six killed at once: up heals the cluster with its data, without forming it anew", async () => {
  const before = (await view(servers[1] as Redis)).map(({ id }) => id).sort();
  for (let index = 0; index < 6; index++) process.kill(pidOf(stack.directory, `cache-${index}`), "SIGKILL");
  expect(await stack.refresh()).toMatch(/6 deleted/);
  await stack.up();
  expect((await view(servers[1] as Redis)).map(({ id }) => id).sort()).toEqual(before);
  const client = clientOf((await stack.outputs()).endpoint);
  expect(await client.get("written")).toBe("by the application");
  client.disconnect();
  expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
});

it("one changed directive is shown by name on every node, and set without a restart", async () => {
  const pids = servers.map((_, index) => pidOf(stack.directory, `cache-${index}`));
  stack.set({ memory: "200mb" });
  expect((await stack.preview("--diff")).match(/~ maxmemory\s*: "256mb" => "200mb"/g)).toHaveLength(6);
  await stack.up();
  for (const [index, server] of servers.entries()) {
    expect(await server.config("GET", "maxmemory")).toEqual(["maxmemory", "209715200"]);
    expect(pidOf(stack.directory, `cache-${index}`)).toBe(pids[index]);
  }
});
