import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { localHost } from "../../../ops/local-host.ts";
import { identify } from "../../../ops/process-record.ts";
import { freePorts, host, Lab } from "./lab.ts";

const lab = new Lab();
afterAll(() => lab.close());
const directory = join(lab.folder, "base");
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

it("says nothing about a machine that has all", async () => {
  const [port = 0] = await freePorts(1);
  const inputs = { name: "cache", directory, ports: [{ host, port, node: "cache-0" }] };
  expect(await lab.run(localHost, "check", inputs)).toEqual({ failures: [] });
  expect((await lab.run(localHost, "create", inputs)).outputs).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

it.runIf(process.getuid?.() === 0)(
  "refuses a folder of another user, and a link that another user has put there",
  async () => {
    const mine = join(lab.folder, "mine");
    const theirs = join(lab.folder, "theirs");
    const link = join(lab.folder, "link");
    mkdirSync(mine);
    mkdirSync(theirs);
    symlinkSync(mine, link);
    chownSync(theirs, 65534, 65534);
    lchownSync(link, 65534, 65534);
    for (const folder of [theirs, link]) {
      const inputs = { name: "cache", directory: folder, ports: [] };
      const reason = `${folder} belongs to user 65534, who could exchange what servers read there, and this is user 0: remove it, or choose another folder (hearth:directory)`;
      expect(await lab.run(localHost, "check", inputs)).toEqual({ failures: [{ property: "directory", reason }] });
      await expect(lab.run(localHost, "create", inputs)).rejects.toThrow(reason);
    }
    const [port = 0] = await freePorts(1);
    await expect(lab.start(lab.node("cache-7", port, { directory: theirs }))).rejects.toThrow("belongs to user 65534");
    expect(readdirSync(theirs)).toEqual([]);
    expect(await lab.run(localHost, "check", { name: "cache", directory: mine, ports: [] })).toEqual({ failures: [] });
  },
);

it("tolerates what a preview does not know yet", async () => {
  expect(await lab.run(localHost, "check", { directory: unknown, ports: unknown })).toEqual({ failures: [] });
  const ports = [{ host: unknown, port: unknown, node: "a" }];
  expect(await lab.run(localHost, "check", { directory, ports })).toEqual({ failures: [] });
});

it("names every port that somebody else holds, and the holder", async () => {
  const ports = await freePorts(2);
  const squatters = ports.map((port) => createServer().listen(port, host));
  try {
    const asked = ports.map((port, index) => ({ host, port, node: `cache-${index}` }));
    const { failures } = await lab.run(localHost, "check", { name: "cache", directory, ports: asked });
    expect(failures).toEqual(
      ports.map((port, index) => ({
        property: "ports",
        reason: expect.stringMatching(
          new RegExp(
            `^port ${port} \\(127\\.0\\.0\\.1:${port}\\), which cache-${index} needs, is held by process ${process.pid} ` +
              "\\(.+\\): end it, or choose other ports \\(hearth:port\\)$",
          ),
        ),
      })),
    );
  } finally {
    for (const squatter of squatters) squatter.close();
  }
});

it("accepts a port that the node itself holds, and refuses it to another node", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("cache-0", port, { directory: join(directory, "cache-0") });
  await lab.start(node);
  const check = (name: string) =>
    lab.run(localHost, "check", { name: "cache", directory, ports: [{ host, port, node: name }] });
  expect(await check("cache-0")).toEqual({ failures: [] });
  expect((await check("cache-1")).failures?.[0]?.reason).toMatch(
    /which cache-1 needs, is held by process \d+ \(.*redis-server/,
  );
});

it("says what is missing without redis-server, and with one that is no Redis", async () => {
  const path = process.env.PATH;
  try {
    process.env.PATH = "/nowhere";
    const { failures } = await lab.run(localHost, "check", { name: "cache", directory, ports: [] });
    expect(failures).toEqual([
      {
        property: "redis-server",
        reason:
          "redis-server is not on the PATH; Redis >= 6.0 is needed: install it (Debian, Ubuntu: apt-get install redis-server " +
          "redis-sentinel; macOS: brew install redis) and see that it is on the PATH",
      },
    ]);
  } finally {
    process.env.PATH = [path].join(delimiter);
  }
});

// What the builds without TLS of 6.2.14 and 7.2.6 print, each to the same question.
it.each([
  [">>> 'tls-port 6379'\nBad directive or wrong number of arguments"],
  ["7091:M 21 Nov 2026 13:11:59.730 # Missing implement of connection type tls\n# Failed finding TLS support."],
])("says that redis-server was built without TLS, where TLS is asked for", async (said) => {
  const path = process.env.PATH;
  const folder = join(lab.folder, "without-tls");
  mkdirSync(folder, { recursive: true });
  const version = "Redis server v=7.2.6 sha=00000000:0 malloc=libc bits=64 build=0";
  const script = `#!/bin/sh\ncase "$1" in --version) echo "${version}";; *) cat <<'END'\n${said}\nEND\nexit 1;; esac\n`;
  writeFileSync(join(folder, "redis-server"), script, { mode: 0o755 });
  const inputs = { name: "cache", directory, ports: [] };
  expect(await lab.run(localHost, "check", { ...inputs, tls: true })).toEqual({ failures: [] });
  try {
    process.env.PATH = [folder, path].join(delimiter);
    expect(await lab.run(localHost, "check", inputs)).toEqual({ failures: [] });
    const { failures } = await lab.run(localHost, "check", { ...inputs, tls: true });
    expect(failures).toEqual([
      {
        property: "tls",
        reason: expect.stringMatching(/redis-server 7\.2\.6 was built without TLS: install one that/),
      },
    ]);
  } finally {
    process.env.PATH = path;
  }
});

it.each([
  ["6.0.16", "sentinel", true],
  ["6.2.14", "sentinel", false],
  ["6.0.16", "cluster", false],
])("of Redis %s, refuses a topology %s: %s", async (version, topology, refused) => {
  const path = process.env.PATH;
  const folder = join(lab.folder, `redis-${version}`);
  mkdirSync(folder, { recursive: true });
  for (const program of ["redis-server", "redis-sentinel"]) {
    const script = `#!/bin/sh\necho "Redis server v=${version} sha=00000000:0 malloc=libc bits=64 build=0"\n`;
    writeFileSync(join(folder, program), script, { mode: 0o755 });
  }
  try {
    process.env.PATH = [folder, path].join(delimiter);
    const { failures } = await lab.run(localHost, "check", { name: "cache", topology, directory, ports: [] });
    const reason =
      "this machine's Redis is 6.0.16, where sentinels cannot log in to each other by name, and every user may speak as " +
      "one: install Redis 6.2 or later for RedisSentinel, or use RedisStandalone or RedisCluster";
    expect(failures).toEqual(refused ? [{ property: "topology", reason }] : []);
  } finally {
    process.env.PATH = path;
  }
});

it("removes the folder with every server that still runs below it", async () => {
  const [port = 0] = await freePorts(1);
  const started = await lab.start(lab.node("cache-9", port, { directory: join(directory, "cache-9") }));
  const inputs = { name: "cache", directory, ports: [] };
  expect(await lab.run(localHost, "read", inputs, { id: "local-host" })).toEqual({ id: "local-host" });
  await lab.run(localHost, "delete", inputs);
  expect(identify(Number(started.outputs?.pid))).toBeUndefined();
  expect(existsSync(directory)).toBe(false);
  expect(await lab.run(localHost, "read", inputs, { id: "local-host" })).toEqual({ id: "" });
  await lab.run(localHost, "delete", inputs);
});
