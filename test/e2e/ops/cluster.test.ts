import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { formation } from "../../../ops/formation.ts";
import { identify } from "../../../ops/process-record.ts";
import { readiness } from "../../../ops/readiness.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { freePorts, host, Lab, type NodeInputs, password } from "./lab.ts";

const lab = new Lab();
let nodes: NodeInputs[] = [];
let topology: Record<string, unknown> = {};

function clusterNode(name: string, port: number, role: string, shard: number): NodeInputs {
  const directives = {
    save: "",
    appendonly: "yes",
    appendfsync: "always",
    "cluster-enabled": "yes",
    "cluster-config-file": "nodes.conf",
    "cluster-node-timeout": "2000",
    "cluster-require-full-coverage": "no",
    "cluster-migration-barrier": "1000",
    "repl-diskless-sync-delay": "0",
  };
  return lab.node(name, port, { role, shard, directives });
}

function topologyOf(members: readonly NodeInputs[]): Record<string, unknown> {
  return {
    topology: "cluster",
    members: members.map(({ name, port, role, shard }) => ({ name, host, port, role, shard })),
    password,
  };
}

const startAll = () => Promise.all(nodes.map((node) => lab.start(node)));
const form = () => lab.run(formation, "create", topology);
const ready = () => lab.run(readiness, "create", topology);

async function killHard(node: NodeInputs): Promise<void> {
  const { outputs } = await lab.run(redisProcess, "read", node);
  const pid = Number(outputs?.pid);
  process.kill(pid, "SIGKILL");
  await expect.poll(() => identify(pid), { timeout: 5000, interval: 5 }).toBeUndefined();
}

/** Any node's answer, wherever the key is. */
async function clusterAsk(...command: [string, ...string[]]): Promise<unknown> {
  for (const node of nodes) {
    try {
      return await lab.ask(node, ...command);
    } catch (error) {
      if (!String(error).includes("MOVED")) throw error;
    }
  }
  throw new Error("every node says MOVED");
}

beforeAll(async () => {
  const ports = await freePorts(6);
  nodes = ports.map((port, index) =>
    clusterNode(`c-${index}`, port, index < 3 ? "primary" : "replica", index < 3 ? index : (index + 1) % 3),
  );
  topology = topologyOf(nodes);
});
afterAll(() => lab.close());

it("forms six fresh nodes without waiting the 2 s that a fresh primary does not serve", async () => {
  const began = performance.now();
  await startAll();
  const started = performance.now();
  const { outputs } = await form();
  const formed = performance.now();
  expect(outputs?.primaries).toEqual(
    nodes
      .slice(0, 3)
      .map(({ port }) => `${host}:${port}`)
      .sort(),
  );
  expect((await ready()).outputs).toEqual({ primaries: outputs?.primaries, replicas: 3 });
  const end = performance.now();
  console.log(
    `started ${(started - began) | 0} ms, formed ${(formed - started) | 0} ms, ready ${(end - formed) | 0} ms, in all ${(end - began) | 0} ms`,
  );
  expect(end - began).toBeLessThan(6000);
});

it("changes nothing when it runs again", async () => {
  const map = async () =>
    String(await lab.ask(nodes[0] as NodeInputs, "CLUSTER", "NODES"))
      .replace(/ \d+ \d+ (\d+) /g, " $1 ")
      .split("\n")
      .sort();
  const before = await map();
  await form();
  await ready();
  expect(await map()).toEqual(before);
});

it("heals with its data after all six were killed at once", async () => {
  for (let index = 0; index < 30; index++) await clusterAsk("SET", `key:${index}`, `${index}`);
  await Promise.all(nodes.map(killHard));
  await expect(lab.run(readiness, "read", topology, { id: "readiness" })).resolves.toMatchObject({
    outputs: { drift: expect.stringContaining("c-0") },
  });
  await startAll();
  await form();
  await ready();
  for (let index = 0; index < 30; index++) expect(await clusterAsk("GET", `key:${index}`)).toBe(`${index}`);
});

it("keeps roles that a failover has swapped, and the old primary comes back as a replica", async () => {
  const [old] = nodes as [NodeInputs];
  await killHard(old);
  const owner = async () =>
    /:(\d+)@\S+ \S*master\S* - .* 0-\d+/.exec(String(await lab.ask(nodes[1] as NodeInputs, "CLUSTER", "NODES")))?.[1];
  await expect.poll(owner, { timeout: 20_000 }).not.toBe(`${old.port}`);
  await lab.start(old);
  const { outputs } = await form();
  await ready();
  expect(outputs?.primaries).not.toContain(`${host}:${old.port}`);
  for (let index = 0; index < 30; index++) expect(await clusterAsk("GET", `key:${index}`)).toBe(`${index}`);
});

it("brings back a node whose folder was lost, as a replica of its shard", async () => {
  const [, second] = nodes as [NodeInputs, NodeInputs];
  await killHard(second);
  rmSync(second.directory, { recursive: true });
  await lab.start(second);
  await form();
  await ready();
  for (let index = 0; index < 30; index++) expect(await clusterAsk("GET", `key:${index}`)).toBe(`${index}`);
});

it("hands over before a primary is restarted, and keeps the data", async () => {
  lab.progress.length = 0;
  const changed = nodes.map((node) => ({ ...node, directives: { ...(node.directives as object), databases: "1" } }));
  await Promise.all(
    changed.map((node, index) =>
      lab.run(redisProcess, "update", node, { olds: nodes[index] ?? {}, deadlineMs: 90_000 }),
    ),
  );
  nodes = changed;
  expect(lab.progress.filter((line) => line === "restarting for databases")).toHaveLength(6);
  expect(lab.progress).toContain("handing over to a replica first");
  await form();
  await ready();
  for (let index = 0; index < 30; index++) expect(await clusterAsk("GET", `key:${index}`)).toBe(`${index}`);
}, 180_000);

it("refuses nodes that hold data of another life", async () => {
  const ports = await freePorts(3);
  const three = ports.map((port, index) => clusterNode(`f-${index}`, port, "primary", index));
  const loner = lab.node("f-0", ports[0] as number, { directives: { save: "", appendonly: "yes" } });
  await lab.start(loner);
  await lab.ask(loner, "SET", "precious", "yes");
  await lab.run(redisProcess, "update", three[0] as NodeInputs, { olds: loner });
  await Promise.all(three.slice(1).map((node) => lab.start(node)));
  await expect(lab.run(formation, "create", topologyOf(three))).rejects.toThrow(
    new RegExp(`not formed over data:\n - f-0 \\(127\\.0\\.0\\.1:${ports[0]}\\) holds 1 key but knows no other node`),
  );
});

it("says what is missing at the deadline", async () => {
  const [port = 0] = await freePorts(1);
  const absent = { name: "absent", host, port, role: "replica", shard: 0 };
  const more = { ...topology, members: [...(topology.members as object[]), absent] };
  await expect(lab.run(readiness, "create", more, { deadlineMs: 1000 })).rejects.toThrow(
    /absent \(127\.0\.0\.1:\d+\) does not answer/,
  );
});
