import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { identify } from "../../../ops/process-record.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { freePorts, Lab, password } from "./lab.ts";

const lab = new Lab();
afterAll(() => lab.close());

async function killHard(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await expect.poll(() => identify(pid), { timeout: 5000, interval: 5 }).toBeUndefined();
}

const pidOf = (result: { outputs?: Record<string, unknown> }) => Number(result.outputs?.pid);

it("starts a server in a private folder, with no secret on its command line or in its environment", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("plain", port);
  const { id, outputs } = await lab.start(node);
  expect(id).toBe("plain");
  expect(outputs).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    dataId: expect.stringMatching(/^\w{16}$/),
  });
  expect(outputs?.instance).toBe(`${outputs?.pid}@${outputs?.started}`);
  expect(await lab.ask(node, "PING")).toBe("PONG");
  expect(statSync(node.directory).mode & 0o777).toBe(0o700);
  for (const name of ["redis.conf", "secret.conf", "users.acl", "redis.log"]) {
    expect([name, statSync(join(node.directory, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
  expect(readFileSync(join(node.directory, "redis.conf"), "utf8")).not.toContain(password.slice(0, 5));
  if (process.platform === "linux") {
    expect(readFileSync(`/proc/${outputs?.pid}/cmdline`, "utf8")).not.toContain(password);
    expect(readFileSync(`/proc/${outputs?.pid}/environ`, "utf8")).not.toMatch(/VITEST|npm_/);
    expect(readFileSync(`/proc/${outputs?.pid}/limits`, "utf8")).toMatch(/Max core file size +0 +0 /);
  }
});

it("adopts what already runs, also when the tool was killed before it recorded the process", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("adopted", port);
  const first = await lab.start(node);
  expect(pidOf(await lab.start(node))).toBe(pidOf(first));
  rmSync(join(node.directory, "process.json"));
  expect(pidOf(await lab.start(node))).toBe(pidOf(first));
  for (const name of ["process.json", "spawned.pid", "redis.pid"]) rmSync(join(node.directory, name), { force: true });
  const again = await lab.start(node);
  expect(again.outputs).toEqual(first.outputs);
});

it("reads a killed server as gone, and starts it again over the kept folder with its data", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("durable", port, { directives: { save: "", appendonly: "yes", appendfsync: "always" } });
  const first = await lab.start(node);
  await lab.ask(node, "SET", "kept", "yes");
  expect(await lab.run(redisProcess, "read", node)).toEqual(first);
  await killHard(pidOf(first));
  expect(await lab.run(redisProcess, "read", node)).toEqual({ id: "" });
  const second = await lab.start(node);
  expect(pidOf(second)).not.toBe(pidOf(first));
  expect(second.outputs?.dataId).toBe(first.outputs?.dataId);
  expect(await lab.ask(node, "GET", "kept")).toBe("yes");
});

it("gives a server that came back empty another data id", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("forgetful", port);
  const first = await lab.start(node);
  await lab.ask(node, "SET", "lost", "yes");
  await killHard(pidOf(first));
  const second = await lab.start(node);
  expect(second.outputs?.dataId).not.toBe(first.outputs?.dataId);
});

it("never takes a recycled pid for its server", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("recycled", port);
  const first = await lab.start(node);
  await killHard(pidOf(first));
  const stranger = spawn("sleep", ["60"], { stdio: "ignore" });
  const pid = stranger.pid ?? 0;
  writeFileSync(join(node.directory, "process.json"), JSON.stringify({ pid, started: first.outputs?.started }));
  writeFileSync(join(node.directory, "spawned.pid"), `${pid}\n`);
  writeFileSync(join(node.directory, "redis.pid"), `${pid}\n`);
  expect(await lab.run(redisProcess, "read", node)).toEqual({ id: "" });
  await lab.run(redisProcess, "delete", node);
  expect(identify(pid)).toBeDefined();
  expect(existsSync(node.directory)).toBe(false);
  stranger.kill();
});

it("names the holder of a taken port", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("taken", port);
  const squatter = createServer().listen(port, "127.0.0.1");
  try {
    await expect(lab.start(node)).rejects.toThrow(
      new RegExp(`127\\.0\\.0\\.1:${port} is held by process ${process.pid} \\(.*\\): end it, or choose other ports`),
    );
    expect(existsSync(join(node.directory, "process.json"))).toBe(false);
  } finally {
    squatter.close();
  }
});

it("shows the log of a server that dies at start, without its secrets", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("dying", port, { directives: { "maxmemory-policy": "allkeys-lru", hz: "often" } });
  const error = await lab.start(node).catch((reason: Error) => reason);
  expect(String(error)).toMatch(/dying: the server ended/);
  expect(String(error)).toMatch(/hz often/);
});

it("sets what it can live, restarts for the rest, and keeps the data", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("changing", port, { directives: { save: "900 1", maxmemory: "100mb", hz: "10" } });
  const first = await lab.start(node);
  await lab.ask(node, "SET", "kept", "yes");
  const live = { ...node, directives: { save: ["900 1", "300 10"], maxmemory: "64mb", hz: "10" } };
  lab.progress.length = 0;
  const second = await lab.run(redisProcess, "update", live, { olds: node });
  expect(second.outputs).toEqual(first.outputs);
  expect(lab.progress).toEqual(["set live: save, maxmemory"]);
  expect(await lab.ask(node, "CONFIG", "GET", "save")).toEqual(["save", "900 1 300 10"]);
  expect(readFileSync(join(node.directory, "redis.conf"), "utf8")).toMatch(/^maxmemory 64mb$/m);
  lab.progress.length = 0;
  const restarted = { ...live, directives: { save: ["900 1", "300 10"], maxmemory: "64mb", databases: "4" } };
  const third = await lab.run(redisProcess, "update", restarted, { olds: live });
  expect(lab.progress).toEqual(["restarting for hz, databases"]);
  expect(pidOf(third)).not.toBe(pidOf(first));
  expect(third.outputs?.dataId).toBe(first.outputs?.dataId);
  expect(await lab.ask(node, "GET", "kept")).toBe("yes");
  const wrong = { ...restarted, directives: { ...restarted.directives, "maxmemory-polcy": "noeviction" } };
  await expect(lab.run(redisProcess, "update", wrong, { olds: restarted })).rejects.toThrow(
    /directives\.maxmemory-polcy: this server does not know such a directive/,
  );
  expect(await lab.ask(node, "GET", "kept")).toBe("yes");
  const refused = { ...restarted, directives: { ...restarted.directives, maxmemory: "much" } };
  await expect(lab.run(redisProcess, "update", refused, { olds: restarted })).rejects.toThrow(
    /directives\.maxmemory: the server refuses/,
  );
});

it("changes the password while it runs, and the port by a restart", async () => {
  const [port = 0, other = 0] = await freePorts(2);
  const node = lab.node("moving", port, { directives: { save: "900 1" } });
  const first = await lab.start(node);
  await lab.ask(node, "SET", "kept", "yes");
  const renamed = lab.node("moving", port, { directives: { save: "900 1" }, password: "another-password-entirely" });
  const second = await lab.run(redisProcess, "update", renamed, { olds: node });
  expect(pidOf(second)).toBe(pidOf(first));
  expect(await lab.ask(renamed, "GET", "kept")).toBe("yes");
  await expect(lab.ask(node, "GET", "kept")).rejects.toThrow(/WRONGPASS/);
  const moved = lab.node("moving", other, { directives: { save: "900 1" }, password: "another-password-entirely" });
  const third = await lab.run(redisProcess, "update", moved, { olds: renamed });
  expect(pidOf(third)).not.toBe(pidOf(first));
  expect(await lab.ask(moved, "GET", "kept")).toBe("yes");
});

it("never starts two servers, however many tools try at once", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("contested", port);
  const results = await Promise.all([lab.start(node), lab.start(node), lab.start(node)]);
  expect(new Set(results.map(pidOf)).size).toBe(1);
});

it("breaks the lock of a tool that is gone", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("locked", port);
  await lab.start(node);
  writeFileSync(join(node.directory, "operation.lock"), JSON.stringify({ pid: 1, started: "long ago", token: "old" }));
  await lab.start(node);
  expect(existsSync(join(node.directory, "operation.lock"))).toBe(false);
});

it("ends a server whose folder was removed under it, and starts a new one", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("uprooted", port);
  const first = await lab.start(node);
  rmSync(node.directory, { recursive: true });
  const second = await lab.start(node);
  expect(pidOf(second)).not.toBe(pidOf(first));
  expect(identify(pidOf(first))).toBeUndefined();
  expect(second.outputs?.dataId).not.toBe(first.outputs?.dataId);
});
