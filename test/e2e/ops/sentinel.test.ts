import { afterAll, beforeAll, expect, it } from "vitest";
import { formation } from "../../../ops/formation.ts";
import { identify } from "../../../ops/process-record.ts";
import { readiness } from "../../../ops/readiness.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { until } from "../../support/wait.ts";
import { freePorts, host, Lab, type NodeInputs, password } from "./lab.ts";

const lab = new Lab();
let data: NodeInputs[] = [];
let sentinels: NodeInputs[] = [];
let topology: Record<string, unknown> = {};

beforeAll(async () => {
  const ports = await freePorts(6);
  const monitor = { masterName: "mymaster", quorum: 2, primary: { host, port: ports[0] } };
  const watchers = ports.slice(3).map((port) => ({ host, port }));
  const shared = { monitor, sentinels: watchers };
  const directives = { save: "", appendonly: "no", "repl-diskless-sync-delay": "0" };
  data = ports
    .slice(0, 3)
    .map((port, index) =>
      lab.node(`s-${index}`, port, { role: index === 0 ? "primary" : "replica", directives, ...shared }),
    );
  sentinels = ports.slice(3).map((port, index) =>
    lab.node(`s-sentinel-${index}`, port, {
      kind: "sentinel",
      role: "sentinel",
      directives: {
        "sentinel down-after-milliseconds mymaster": "1000",
        "sentinel failover-timeout mymaster": "5000",
        "sentinel parallel-syncs mymaster": "1",
        "sentinel deny-scripts-reconfig": "yes",
      },
      secretDirectives: { requirepass: password, "sentinel auth-pass mymaster": password },
      ...shared,
    }),
  );
  const members = [...data, ...sentinels].map(({ name, port, role, shard }) => ({ name, host, port, role, shard }));
  topology = { topology: "sentinel", members, password, monitor };
});
afterAll(() => lab.close());

const startAll = () => Promise.all([...data, ...sentinels].map((node) => lab.start(node)));
const form = () => lab.run(formation, "create", topology);
const ready = () => lab.run(readiness, "create", topology);

async function killHard(...nodes: NodeInputs[]): Promise<void> {
  const reads = await Promise.all(nodes.map((node) => lab.run(redisProcess, "read", node)));
  const pids = reads.map(({ outputs }) => Number(outputs?.pid));
  for (const pid of pids) process.kill(pid, "SIGKILL");
  for (const pid of pids) await expect.poll(() => identify(pid), { timeout: 5000, interval: 5 }).toBeUndefined();
}

async function named(): Promise<number> {
  const reply = await lab.ask(sentinels[0] as NodeInputs, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster");
  return Number(Array.isArray(reply) ? reply[1] : 0);
}

const nodeAt = (port: number) => data.find((node) => node.port === port) as NodeInputs;

it("forms three data nodes and three sentinels", async () => {
  const began = performance.now();
  await startAll();
  const started = performance.now();
  const { outputs } = await form();
  const formed = performance.now();
  expect(outputs?.primaries).toEqual([`${host}:${data[0]?.port}`]);
  expect((await ready()).outputs).toEqual({ primaries: outputs?.primaries, replicas: 2 });
  console.log(
    `started ${(started - began) | 0} ms, formed ${(formed - started) | 0} ms, ready ${(performance.now() - formed) | 0} ms`,
  );
  await lab.ask(data[0] as NodeInputs, "SET", "kept", "yes");
  await until("every replica has it", async () => {
    const values = await Promise.all(data.map((node) => lab.ask(node, "GET", "kept")));
    return values.every((value) => value === "yes");
  });
  for (const sentinel of sentinels) {
    expect(await lab.ask(sentinel, "SENTINEL", "CKQUORUM", "mymaster")).toMatch(/^OK 3 usable Sentinels/);
  }
});

it("brings an old primary back as a replica, after the sentinels have failed over", async () => {
  const old = nodeAt(await named());
  await killHard(old);
  await expect.poll(named, { timeout: 20_000, interval: 50 }).not.toBe(old.port);
  await lab.start(old);
  expect((await lab.ask(old, "ROLE")) as unknown[]).toEqual(expect.arrayContaining(["slave", host, await named()]));
  const { outputs } = await form();
  await ready();
  expect(outputs?.primaries).toEqual([`${host}:${await named()}`]);
  expect(await lab.ask(old, "GET", "kept")).toBe("yes");
});

it("asks for another primary first when the one that comes back has lost its data", async () => {
  const old = nodeAt(await named());
  await killHard(old);
  const result = await lab.start(old);
  expect(result.outputs?.pid).toBeDefined();
  expect(lab.progress).toContain("its data is gone: asking the sentinels for another primary first");
  await form();
  await ready();
  expect(await lab.ask(nodeAt(await named()), "GET", "kept")).toBe("yes");
});

it("remembers after all six were killed at once who the primary is", async () => {
  const before = await named();
  await killHard(...data, ...sentinels);
  await startAll();
  await form();
  const { outputs } = await ready();
  expect(outputs?.primaries).toEqual([`${host}:${before}`]);
});

it("changes what the sentinels watch live, and restarts a sentinel without losing its id", async () => {
  const [sentinel] = sentinels as [NodeInputs];
  const id = await lab.ask(sentinel, "SENTINEL", "MYID");
  const directives = sentinel.directives as Record<string, string>;
  const faster = { ...sentinel, directives: { ...directives, "sentinel down-after-milliseconds mymaster": "900" } };
  lab.progress.length = 0;
  await lab.run(redisProcess, "update", faster, { olds: sentinel });
  expect(lab.progress).toEqual(["set live: sentinel down-after-milliseconds mymaster"]);
  const quiet = { ...faster, directives: { ...faster.directives, loglevel: "verbose" } };
  await lab.run(redisProcess, "update", quiet, { olds: faster });
  expect(lab.progress.at(-1)).toBe("restarting for loglevel");
  expect(await lab.ask(sentinel, "SENTINEL", "MYID")).toBe(id);
  await form();
  await ready();
});

it("hands over before the primary is restarted", async () => {
  const old = nodeAt(await named());
  await lab.ask(old, "SET", "kept", "still");
  lab.progress.length = 0;
  const changed = { ...old, directives: { ...(old.directives as object), databases: "4" } };
  await lab.run(redisProcess, "update", changed, { olds: old });
  expect(lab.progress).toEqual(["restarting for databases", "handing over to a replica first"]);
  expect(await named()).not.toBe(old.port);
  await form();
  await ready();
  expect(await lab.ask(changed, "GET", "kept")).toBe("still");
});

it("settles a disagreement of the sentinels that their epochs cannot settle", async () => {
  const [first, ...others] = sentinels as [NodeInputs, ...NodeInputs[]];
  const current = await named();
  const other = data.find((node) => node.port !== current) as NodeInputs;
  const fields = (await lab.ask(first, "SENTINEL", "MASTER", "mymaster")) as string[];
  const epoch = Number(fields[fields.indexOf("config-epoch") + 1]) + 1;
  const hello = async (to: NodeInputs, from: NodeInputs, port: number) => {
    const id = await lab.ask(from, "SENTINEL", "MYID");
    const message = `${host},${from.port},${id},${epoch},mymaster,${host},${port},${epoch}`;
    await lab.ask(to, "PUBLISH", "__sentinel__:hello", message);
  };
  const [second, third] = others as [NodeInputs, NodeInputs];
  // Both of the same epoch: the majority says that it is as it was.
  await Promise.all([hello(first, second, other.port), hello(second, third, current), hello(third, second, current)]);
  expect(await named()).toBe(other.port);
  lab.progress.length = 0;
  await form();
  await ready();
  expect(lab.progress).toContain(`the sentinels disagree about the primary: settled for ${host}:${current}`);
  expect(await named()).toBe(current);
});

it.each([0, 300, 900, 1050, 1200, 1500])("converges when the primary comes back %i ms after its end", async (delay) => {
  const old = nodeAt(await named());
  await killHard(old);
  await new Promise((resolve) => setTimeout(resolve, delay));
  await lab.start(old);
  await form();
  await ready();
});

it("refuses to delete the keys of a node by making it follow an empty one", async () => {
  const current = nodeAt(await named());
  await lab.ask(current, "FLUSHALL");
  const other = data.find((node) => node !== current) as NodeInputs;
  await until("an empty replica", async () => (await lab.ask(other, "DBSIZE")) === 0);
  await lab.ask(other, "REPLICAOF", "NO", "ONE");
  await lab.ask(other, "SET", "precious", "yes");
  await expect(form()).rejects.toThrow(
    /holds 1 key and is a primary, while .* is empty: following would delete the keys/,
  );
});
