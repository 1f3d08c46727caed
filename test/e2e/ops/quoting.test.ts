import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { quoteWord } from "../../../contract/config-file.ts";
import { connect } from "../../../ops/connect.ts";
import { inspectRedis } from "../../../ops/redis-binary.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { isIn } from "../../../ops/redis-version.ts";
import { until } from "../../support/wait.ts";
import { freePorts, host, Lab, password as labPassword } from "./lab.ts";

const lab = new Lab();
afterAll(() => lab.close());

const redis = await inspectRedis();
const version = "problem" in redis ? "0.0.0" : redis.version;
const printable = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
const nasty = [
  printable.join(""),
  printable.toReversed().join(""),
  "percent%hash#dollar$1",
  `"double" and 'single'`,
  `'"'"'`,
  "back\\slash\\n\\x41",
  "ends with a backslash\\",
  "  blanks at both ends  ",
  "ünïcödé 🔑",
  "# a comment",
  "include /etc/passwd",
];

/** Users of a configuration file, each with one of the passwords; all of them log in. */
async function logIn(kind: "redis" | "sentinel", passwords: readonly string[]): Promise<void> {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "hearth-quoting-"));
  const users = passwords.map((password, index) => ["user", `u${index}`, "on", `>${password}`, "+ping"]);
  const lines = [
    `bind ${host}`,
    `port ${port}`,
    `dir ${folder}`,
    ...users.map((user) => user.map(quoteWord).join(" ")),
  ];
  const file = join(folder, `${kind}.conf`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  const server = spawn("redis-server", [file, ...(kind === "sentinel" ? ["--sentinel"] : [])], { stdio: "ignore" });
  const enter = async (index: number, password: string) => {
    const connection = await connect({ host, port }, { username: `u${index}`, password });
    connection.close();
  };
  try {
    await until("the server lets the first user in", async () => {
      await enter(0, passwords[0] ?? "");
      return true;
    });
    for (const [index, password] of passwords.entries()) {
      await enter(index, password);
      await expect(enter(index, `${password}x`)).rejects.toThrow();
    }
  } finally {
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("a server reads every password as it was written", () => {
  const random = fc.sample(
    fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text)),
    100,
  );
  const kinds = isIn(version, { since: "6.2" }) ? (["redis", "sentinel"] as const) : (["redis"] as const);

  it.each(kinds)("%s.conf: each printable character alone, all together, and 100 at random", async (kind) => {
    await logIn(kind, [...nasty, ...printable, ...random]);
  });
});

it("data node: masterauth, the hash of the ACL, and both again after the server has rewritten its file", async () => {
  const [port = 0] = await freePorts(1);
  for (const password of nasty.slice(0, 3)) {
    const node = lab.node("rewritten", port, { password });
    await lab.start(node);
    expect(await lab.ask(node, "CONFIG", "GET", "masterauth")).toEqual(["masterauth", password]);
    await lab.ask(node, "CONFIG", "REWRITE");
    await lab.ask(node, "SHUTDOWN", "NOSAVE").catch(() => undefined);
    await until("it is gone", async () => (await lab.run(redisProcess, "read", node)).id === "");
    await lab.start(node);
    expect(await lab.ask(node, "CONFIG", "GET", "masterauth")).toEqual(["masterauth", password]);
    await lab.run(redisProcess, "delete", node);
  }
});

it("a sentinel writes its passwords unquoted, and still finds its way after a restart", async () => {
  const [dataPort = 0, port = 0] = await freePorts(2);
  const password = printable.join("");
  const data = lab.node("watched", dataPort, { password });
  await lab.start(data);
  const monitor = { masterName: "main", quorum: 1, primary: { host, port: dataPort } };
  const sentinel = lab.node("watching", port, {
    ...{ kind: "sentinel", role: "sentinel", password, monitor },
    directives: { "sentinel down-after-milliseconds main": "1000" },
    secretDirectives: { requirepass: password, "sentinel auth-pass main": password },
  });
  const isWell = () =>
    until("the sentinel is let in by the primary", async () => {
      const [fields = []] = (await lab.ask(sentinel, "SENTINEL", "MASTERS")) as string[][];
      const of = (name: string) => fields[fields.indexOf(name) + 1];
      // 0: the last PING was answered, not refused.
      return of("flags") === "master" && of("last-ping-sent") === "0" && of("runid") !== "";
    });
  await lab.start(sentinel);
  await isWell();
  const myId = await lab.ask(sentinel, "SENTINEL", "MYID").catch(() => "6.0 does not tell");
  await lab.ask(sentinel, "SENTINEL", "FLUSHCONFIG");
  // What it wrote cannot be read again: `auth-pass main` with a blank, quotes and a backslash, as they are.
  const file = readFileSync(join(lab.folder, "watching", "sentinel.conf"), "utf8");
  expect(file).toContain(`sentinel auth-pass main ${password}`);
  await lab.ask(sentinel, "SHUTDOWN").catch(() => undefined);
  await until("it is gone", async () => (await lab.run(redisProcess, "read", sentinel)).id === "");
  await lab.start(sentinel);
  await isWell();
  expect(await lab.ask(sentinel, "SENTINEL", "MYID").catch(() => "6.0 does not tell")).toBe(myId);
});

it("refuses a password with a line break before anything is written", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("broken", port, { password: `${labPassword}\nrequirepass two` });
  await expect(lab.start(node)).rejects.toThrow("directives.masterauth: control characters are not allowed");
});
