import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePorts } from "../../support/ports.ts";
import { startPostgres } from "../../support/postgres.ts";
import { finished, TestStack } from "../../support/stack.ts";

// A password and a database URL that the test knows, looked for everywhere while and after a stack is deployed.
const password = "known-Redis-password-4711 #%";
let databasePassword: string;
let stack: TestStack;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let output = "";
const seenInProcesses = new Set<string>();

/** Command line and environment of every process of this machine, but for this test's own. */
function lookAtProcesses(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      if (mentions(command)) seenInProcesses.add(`command line: ${command}`);
      // Pulumi itself hands the stack's configuration to the program, and to no other process, as PULUMI_CONFIG.
      if (command.includes("@pulumi/pulumi/cmd/run")) continue;
      if (mentions(readFileSync(`/proc/${pid}/environ`, "utf8"))) seenInProcesses.add(`environment of ${command}`);
    } catch {
      // gone meanwhile
    }
  }
}

function mentions(text: string): boolean {
  const known = [password, encodeURIComponent(password), databasePassword];
  return known.some((secret) => text.includes(secret));
}

beforeAll(async () => {
  postgres = await startPostgres();
  databasePassword = "known-database-password-4712";
  const url = new URL(postgres.url);
  await postgres.sql(`ALTER USER ${url.username} PASSWORD '${databasePassword}'`);
  url.password = databasePassword;
  await postgres.sql("CREATE TABLE things AS SELECT g AS id, 'thing ' || g AS name FROM generate_series(1, 100) g");
  const port = await freePorts(3);
  const sentinelPort = await freePorts(3);
  stack = await new TestStack({ topology: "sentinel", port: `${port}`, sentinelPort: `${sentinelPort}` }).init();
  const things = { name: "things", query: "SELECT * FROM things", key: "thing:{id}", value: { type: "json" }, ttl: 60 };
  const plan = { name: "test", datasets: [things] };
  stack.write("plan.json", JSON.stringify(plan));
  stack.set({ plan: join(stack.folder, "plan.json"), onNoTraffic: "pass" });
  await stack.setSecret("password", password);
  await stack.setSecret("source", url.href);
  output += await stack.preview("--diff");
  const up = stack.startUp();
  const watch = setInterval(lookAtProcesses, 20);
  const { code, text } = await finished(up);
  clearInterval(watch);
  output += text;
  expect(code, text).toBe(0);
  lookAtProcesses();
});
afterAll(async () => {
  await stack?.end();
  await postgres?.stop();
});

it("in no output of preview, up, refresh and the plain outputs", async () => {
  output += await stack.refresh("--diff");
  output += await stack.succeed("stack", "output", "--json");
  expect(output).toContain("warming-run");
  expect(mentions(output)).toBe(false);
});

it("in no command line and no environment of any process", () => {
  expect([...seenInProcesses]).toEqual([]);
});

it("in the state only encrypted", async () => {
  const state = await stack.export();
  expect(state).toContain("ciphertext");
  expect(mentions(state)).toBe(false);
});

it("on disk only in files that their user alone may read, in folders that their user alone may enter", () => {
  const holders: string[] = [];
  for (const node of readdirSync(stack.directory)) {
    expect(statSync(join(stack.directory, node)).mode & 0o077).toBe(0);
    for (const file of readdirSync(join(stack.directory, node))) {
      const path = join(stack.directory, node, file);
      if (!statSync(path).isFile() || !mentions(readFileSync(path, "utf8"))) continue;
      holders.push(file);
      expect(statSync(path).mode & 0o077, path).toBe(0);
    }
  }
  // Servers copy what they include when they rewrite their main file; logs and ACL files hold nothing.
  expect([...new Set(holders)].filter((file) => !/^(secret|redis|sentinel)\.conf$/.test(file))).toEqual([]);
});
