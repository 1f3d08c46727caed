import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { freePorts } from "../../support/ports.ts";
import { processesIn } from "../../support/processes.ts";
import { TestStack } from "../../support/stack.ts";

// What goes wrong is refused, or fails with its cause; nothing is lost, and the next `up` goes on.
let stack: TestStack;
afterEach(() => stack?.end());

async function standalone(config: Record<string, string> = {}): Promise<TestStack> {
  const port = await freePorts(1);
  return new TestStack({ topology: "standalone", port: `${port}`, warm: "off", ...config }).init();
}

describe("this machine", () => {
  it("a port that something else holds is refused before anything starts, with its holder", async () => {
    const port = await freePorts(3);
    const sentinelPort = await freePorts(3);
    const holder = createServer().listen(port + 2, "127.0.0.1");
    stack = await new TestStack({
      topology: "sentinel",
      port: `${port}`,
      sentinelPort: `${sentinelPort}`,
      warm: "off",
    }).init();
    for (const text of [await stack.previewFails(), await stack.upFails()]) {
      expect(text).toContain(`${port + 2}`);
      expect(text).toContain("cache-2");
      expect(text).toContain(`${process.pid}`);
    }
    expect(processesIn(stack.directory)).toEqual([]);
    expect(existsSync(stack.directory)).toBe(false);
    holder.close();
    await stack.up();
  });

  it("directives whose values the installed redis-server does not take are refused in the preview, all at once", async () => {
    const directives = JSON.stringify({ "maxmemory-samples": "many", maxclients: "100", loglevel: "loud" });
    stack = await standalone({ directives });
    const text = await stack.previewFails();
    expect(text).toMatch(/extraDirectives\.maxmemory-samples[\s\S]*redis-server \S+ refuses "many"/);
    expect(text).toMatch(/extraDirectives\.loglevel[\s\S]*redis-server \S+ refuses "loud"/);
    expect(text).not.toContain("extraDirectives.maxclients");
    expect(processesIn(stack.directory)).toEqual([]);
  });

  it.each([
    ["no redis-server", undefined, /redis-server/],
    [
      "a redis-server that is too old",
      "Redis server v=5.0.14 sha=00000000:0 malloc=libc bits=64",
      /5\.0\.14[\s\S]*6\.0/,
    ],
  ])("%s is refused in the preview", async (_, answer, message) => {
    stack = await standalone();
    const folder = join(stack.folder, "bin");
    mkdirSync(folder);
    if (answer) {
      writeFileSync(join(folder, "redis-server"), `#!/bin/sh\necho '${answer}'\n`);
      chmodSync(join(folder, "redis-server"), 0o755);
    }
    const path = process.env.PATH;
    // Everything but redis-server: pulumi, node and sh, by links.
    process.env.PATH = `${folder}:${stack.pathWithout(["redis-server", "redis-sentinel"])}`;
    try {
      expect(await stack.previewFails()).toMatch(message);
    } finally {
      process.env.PATH = path;
    }
  });

  it("a server that dies at its start fails the update with its log, and the corrected one goes on", async () => {
    stack = await standalone();
    const folder = join(stack.directory, "cache-0");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "dump.rdb"), "no snapshot at all");
    const text = await stack.upFails();
    expect(text).toContain("cache-0");
    expect(text).toContain("Wrong signature trying to load DB from file");
    rmSync(join(folder, "dump.rdb"));
    await stack.up();
  });
});

describe("warming", () => {
  const plan = (query: string, key = "thing:{id}") => ({
    name: "test",
    datasets: [{ name: "things", query, key, value: { type: "json" }, ttl: 60 }],
  });

  async function warmed(planned: unknown, config: Record<string, string> = {}): Promise<TestStack> {
    const made = await standalone({ warm: "on", source: "demo", minKeys: "1", onNoTraffic: "pass", ...config });
    writeFileSync(join(made.folder, "plan.json"), JSON.stringify(planned));
    made.set({ plan: join(made.folder, "plan.json") });
    return made;
  }

  it("PostgreSQL out of reach: the update fails with the address", async () => {
    const port = await freePorts(1);
    const url = `postgres://user:sesame@127.0.0.1:${port}/app`;
    stack = await warmed(plan("SELECT 1 AS id"));
    await stack.setSecret("source", url);
    const text = await stack.upFails();
    expect(text).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}`));
    expect(text).toContain("ECONNREFUSED");
    expect(text).not.toContain("sesame");
  });

  it("a wrong query: dataset, query and cause", async () => {
    stack = await warmed(plan("SELECT id FROM no_such_table"));
    const text = await stack.upFails();
    expect(text).toContain("things");
    expect(text).toContain("no_such_table");
    expect(text).toMatch(/relation "no_such_table" does not exist/);
  });

  it("a key of a column that the query has not: the columns that there are", async () => {
    stack = await warmed(plan("SELECT id, name FROM recipes", "thing:{nmae}"));
    const text = await stack.upFails();
    expect(text).toMatch(/nmae[\s\S]*name/);
  });

  it("a plan with mistakes: all of them, in the preview", async () => {
    stack = await warmed({ name: "test", datasets: [{ name: "things", key: "x", priority: "URGENT" }] });
    const text = await stack.previewFails();
    expect(text).toContain("datasets[0].query");
    expect(text).toContain("URGENT");
    expect(existsSync(stack.directory)).toBe(false);
  });

  it("Redis out of memory: how many keys were written, and why no more", async () => {
    const query = "SELECT g AS id, repeat('x', 10000) AS text FROM generate_series(1, 5000) g";
    stack = await warmed(plan(query), { memory: "10mb", eviction: "noeviction" });
    const text = await stack.upFails();
    expect(text).toContain("things");
    expect(text).toMatch(/OOM|memory/);
    expect(text).toMatch(/\d+ keys/);
    // The state knows of the failed run: with memory enough, the next `up` goes on.
    stack.set({ memory: "200mb" });
    await stack.up();
    expect((await stack.outputs()).report.keys).toBe(5000);
  });

  it("an empty result is no success", async () => {
    stack = await warmed(plan("SELECT id FROM recipes WHERE false"));
    expect(await stack.upFails()).toMatch(/things[\s\S]*0 keys were written/);
  });
});
