import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startAsked, startScript, type Takeover } from "../../contract/start-script.ts";
import { until } from "../support/wait.ts";

const bootId = "/proc/sys/kernel/random/boot_id";
const sentinels = [1, 2, 3].map((port) => ({ host: "10.0.0.9", port }));
const bySentinels: Takeover["by"] = { sentinels, self: { host: "10.0.0.1", port: 6379 } };
const byCluster: Takeover["by"] = { nodes: "nodes.conf" };
const peers = ["id1 10.0.0.1:7000@17000,,tls-port=0 myself,master - 0 0 1 connected 0-5460"];
peers.push("id2 10.0.0.2:7001@17001 master - 0 0 2 connected 5461-10922", "vars currentEpoch 6 lastVoteEpoch 0");

// The script is the real one, run by the real shell; only what it starts and asks says what a test wants to hear.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "hearth start"));
  mkdirSync(path.join(folder, "bin"));
  program("redis-server", 'echo "server $*"');
  program("redis-cli", "exit 1");
  put("redis.conf", "port 6379\n");
  put("boot", existsSync(bootId) ? readFileSync(bootId, "utf8") : "\n");
  put("login", "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, content: string, mode = 0o600) => writeFileSync(path.join(folder, name), content, { mode });
const program = (name: string, text: string) => put(`bin/${name}`, `#!/bin/sh\n${text}\n`, 0o700);

/** @param more of how others take over; undefined: nobody would */
function start(more: Partial<Takeover> | undefined) {
  const takeover = more && { seconds: 1, keepsData: true, by: bySentinels, login: "login", ...more };
  put("start.sh", startScript({ name: "cache-0", folder, takeover }));
  const env = { PATH: `${path.join(folder, "bin")}:${process.env.PATH}` };
  const child = spawn("sh", [path.join(folder, "start.sh"), "redis.conf", "more"], { env });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
  return { child, said: () => text, ended: once(child, "close") };
}

async function saying(more: Partial<Takeover> | undefined): Promise<string> {
  const { said, ended } = start(more);
  await ended;
  return said();
}

const started = "server redis.conf more\n";
const waited = /^Hearth: waiting up to 1 s for a replica to be promoted: this was the primary, and .*\n.*\nserver/;

it("starts at once after a clean end, and whatever happened where nobody would take over", async () => {
  expect(await saying({})).toBe(started);
  put("redis.pid", "1");
  expect(await saying(undefined)).toBe(started);
});

it.each([
  ["Sentinel", bySentinels],
  ["cluster", byCluster],
])("%s: waits after a crash, but not when Hearth starts it", async (_, by) => {
  put("nodes.conf", `${peers.join("\n")}\n`);
  put("redis.pid", "1");
  put(startAsked, "");
  expect(await saying({ by })).toBe(started);
  expect(await saying({ by })).toMatch(waited);
});

it("waits after every end where the data is gone with it", async () => {
  expect(await saying({ keepsData: false })).toMatch(waited);
});

it("a replica is started at once", async () => {
  put("redis.pid", "1");
  put("redis.conf", "port 6379\nreplicaof 10.0.0.2 6379\n");
  expect(await saying({ keepsData: false })).toBe(started);
  put("nodes.conf", "id1 10.0.0.1:7000@17000 myself,slave id2 0 0 1 connected\n");
  expect(await saying({ by: byCluster })).toBe(started);
});

it("is started at once when the whole machine was", async () => {
  put("redis.pid", "1");
  put("boot", "another\n");
  expect(await saying({})).toBe(started);
  expect(await saying({})).toMatch(waited);
});

it("comes back as a replica of the primary that most sentinels name, as soon as they do", async () => {
  put("redis.pid", "1");
  // The first sentinel has not heard of it.
  program("redis-cli", 'case "$*" in *"-p 1") set 10.0.0.1;; *) set 10.0.0.2;; esac\necho OK; echo "$1"; echo 6379');
  expect(await saying({ seconds: 600 })).toMatch(/after 1 s, another is the primary now: 10.0.0.2 6379\nserver/);
  expect(readFileSync(path.join(folder, "redis.conf"), "utf8")).toBe("port 6379\nreplicaof 10.0.0.2 6379\n");
});

it("does not believe a single sentinel", async () => {
  put("redis.pid", "1");
  program("redis-cli", 'case "$*" in *"-p 1") set 10.0.0.2;; *) set 10.0.0.1;; esac\necho OK; echo "$1"; echo 6379');
  expect(await saying({})).toMatch(/nobody has taken over\nserver/);
  expect(readFileSync(path.join(folder, "redis.conf"), "utf8")).toBe("port 6379\n");
});

it("cluster: is started as soon as a node knows another owner of its slots", async () => {
  put("redis.pid", "1");
  put("nodes.conf", `${peers.join("\n")}\n`);
  const line = "id1 10.0.0.1:7000@17000 master,fail - 0 0 1 connected";
  program("redis-cli", `[ "$*" = "-h 10.0.0.2 -p 7001" ] && echo OK && echo "${line}"`);
  expect(await saying({ seconds: 600, by: byCluster })).toMatch(/now: says 10.0.0.2 7001\nserver/);
  program("redis-cli", `echo "${line} 0-5460"`);
  put("redis.pid", "1");
  expect(await saying({ by: byCluster })).toMatch(/nobody has taken over\nserver/);
});

it("ends at once when it is asked to while it waits", async () => {
  put("redis.pid", "1");
  const { child, said, ended } = start({ seconds: 600 });
  await until("the wait", async () => said().includes("Hearth: waiting"));
  child.kill("SIGTERM");
  expect(await ended).toEqual([143, null]);
  expect(said()).toMatch(/Hearth: ended while waiting\n$/);
});
