import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { judge } from "../../support/attacks.ts";
import { freePorts } from "../../support/ports.ts";
import { startPostgres } from "../../support/postgres.ts";
import { finished, TestStack } from "../../support/stack.ts";

// A password and a database URL that the test gives, and the passwords that are generated, looked for everywhere while
// and after a stack is deployed.
const password = "known-Redis-password-4711 #%";
let databasePassword: string;
let stack: TestStack;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let output = "";
/** Command lines and environments, kept as text: what is generated is known only afterwards. */
const commandLines = new Set<string>();
const environments = new Map<string, string>();
let secrets: string[] = [];

/** Command line and environment of every process of this machine, but for this test's own. */
function lookAtProcesses(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      commandLines.add(command);
      // Pulumi itself hands the stack's configuration to the program, and to no other process, as PULUMI_CONFIG.
      if (command.includes("@pulumi/pulumi/cmd/run")) continue;
      environments.set(`${pid} ${command}`, readFileSync(`/proc/${pid}/environ`, "utf8"));
    } catch {
      // gone meanwhile
    }
  }
}

function mentions(text: string): boolean {
  return secrets.some((secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)));
}

/** Where secrets may not be is where an attacker would look for them. */
function expectNone(where: string, text: string): void {
  judge(`secrets in ${where}`, "refused", mentions(text) ? "allowed" : "refused");
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
  const generated = await stack.passwords();
  expect(generated.app).toBe(password);
  expect(Object.keys(generated)).toHaveLength(7);
  secrets = [password, encodeURIComponent(password), databasePassword, ...Object.values(generated)];
});
afterAll(async () => {
  await stack?.end();
  await postgres?.stop();
});

it("in no output of preview, up, refresh and the plain outputs", async () => {
  output += await stack.refresh("--diff");
  output += await stack.succeed("stack", "output", "--json");
  expect(output).toContain("warming-run");
  expectNone("the output of preview, up, refresh and stack output", output);
});

it("in no command line and no environment of any process", () => {
  expect(commandLines.size).toBeGreaterThan(10);
  for (const command of commandLines) expectNone(`a command line (${command.slice(0, 80)})`, command);
  for (const [command, text] of environments) expectNone(`the environment of ${command.slice(0, 80)}`, text);
});

it("in the state only encrypted", async () => {
  const state = await stack.export();
  expect(state).toContain("ciphertext");
  expectNone("the state", state);
});

it("in no line that the tool answers with, whatever it is asked", async () => {
  const state = JSON.parse(await stack.succeed("stack", "export", "--show-secrets"));
  const open = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if ("plaintext" in value) return JSON.parse(String(value.plaintext));
    if (Array.isArray(value)) return value.map(open);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, open(inner)]));
  };
  const resources: { id: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> }[] =
    state.deployment.resources.filter(({ inputs }: { inputs?: { operation?: string } }) => {
      return inputs?.operation !== undefined && inputs.operation !== "passwords";
    });
  const requests = resources.flatMap(({ id, inputs, outputs }, index) => {
    const common = { operation: inputs.operation, id, inputs: open(outputs), deadlineMs: 20_000 };
    // The last one fails: errors are where values like to slip out.
    const broken = { ...common, inputs: { ...(open(inputs) as object), port: "none", endpoint: 7, members: 7 } };
    return [
      { seq: 3 * index, action: "read", ...common },
      { seq: 3 * index + 1, action: "check", ...common },
      { seq: 3 * index + 2, action: "update", ...broken },
    ];
  });
  expect(JSON.stringify(requests)).toContain(password);
  const tool = spawnSync(process.execPath, ["dist/hearth.cjs", "operation"], {
    input: requests.map((request) => `${JSON.stringify(request)}\n`).join(""),
    encoding: "utf8",
    env: { ...process.env, HEARTH_PROJECT: stack.folder },
  });
  const lines = tool.stdout.trim().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(requests.length);
  for (const line of lines) expectNone(`a line of the tool (${line.slice(0, 60)})`, line);
  expectNone("what the tool complains of", tool.stderr);
});

// Servers copy what they include when they rewrite their main file; logs and ACL files hold nothing.
it("on disk only in files that their user alone may read, in folders that their user alone may enter", () => {
  for (const node of readdirSync(stack.directory)) {
    expect(statSync(join(stack.directory, node)).mode & 0o077).toBe(0);
    for (const file of readdirSync(join(stack.directory, node))) {
      const path = join(stack.directory, node, file);
      if (!statSync(path).isFile()) continue;
      expect(statSync(path).mode & 0o077, path).toBe(0);
      if (/^(secret|redis|sentinel)\.conf$/.test(file)) continue;
      expectNone(`${node}/${file}`, readFileSync(path, "latin1"));
    }
  }
});
