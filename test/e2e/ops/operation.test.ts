import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { OperationLine } from "../../../contract/operation.ts";
import { whyNotFree } from "../../../ops/port-holder.ts";
import { identify } from "../../../ops/process-record.ts";
import { redisProcess } from "../../../ops/redis-process.ts";
import { freePorts, host, Lab, type NodeInputs, password } from "./lab.ts";

const lab = new Lab();
afterAll(() => lab.close());

interface Ended {
  readonly code: number | null;
  readonly lines: OperationLine[];
}

/** Runs the tool as the provider does. */
function tool(
  request: unknown,
  environment: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const main = resolve(import.meta.dirname, "../../../cli/main.ts");
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [main, "operation"], { env, stdio: "pipe" });
  if (Object.keys(environment).length === 0) child.stderr?.pipe(process.stderr);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<Ended>((done) => {
    const lines = () => text.split("\n").filter((line) => line !== "");
    child.on("close", (code) => done({ code, lines: lines().map((line) => JSON.parse(line)) }));
  });
  child.stdin?.end(typeof request === "string" ? request : JSON.stringify(request));
  return { child, ended };
}

const requestOf = (inputs: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  operation: "readiness",
  action: "create",
  inputs,
  deadlineMs: 20_000,
  ...more,
});

/** A topology that never gets ready: something listens there, and says nothing. */
async function silent(): Promise<{ server: Server; inputs: Record<string, unknown> }> {
  const [port = 0] = await freePorts(1);
  const server = createServer().listen(port, host);
  const members = [{ name: "mute", host, port, role: "primary", shard: 0 }];
  return { server, inputs: { topology: "standalone", members, password } };
}

it("answers a request with its result as the last line", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("tooled", port);
  const { code, lines } = await tool(requestOf(node, { operation: "redis-process" })).ended;
  expect(lines.at(-1)).toEqual({
    seq: 0,
    result: { id: "tooled", outputs: expect.objectContaining({ pid: expect.any(Number) }) },
  });
  expect(code).toBe(0);
});

it("explains a request that it does not understand", async () => {
  expect(await tool("{").ended).toMatchObject({
    code: 1,
    lines: [{ error: { message: expect.stringMatching(/^stdin: not a request in JSON/) } }],
  });
  expect(await tool({ operation: "x", action: "fly" }).ended).toMatchObject({
    code: 1,
    lines: [
      { error: { message: expect.stringMatching(/^not a request that this version of hearth understands: action: /) } },
    ],
  });
  const { lines } = await tool(requestOf({}, { operation: "levitation" })).ended;
  expect(lines).toEqual([
    {
      seq: 0,
      error: {
        message: expect.stringMatching(
          /^operation: "levitation" is unknown; this version of hearth has .*local-host, /,
        ),
      },
    },
  ]);
});

it("names every wrong input without its value", async () => {
  const { lines } = await tool(requestOf({ topology: "ring", members: [], password: 7 })).ended;
  expect(lines).toEqual([{ seq: 0, error: { message: expect.stringMatching(/^topology: .*\npassword: /s) } }]);
});

it("prints no command with a password, whatever DEBUG asks for", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("debugged", port);
  const { child, ended } = tool(requestOf(node, { operation: "redis-process" }), { DEBUG: "*" });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  expect((await ended).code).toBe(0);
  expect(errors).toBe("");
});

it("never repeats a secret, not even from a server's own log", async () => {
  const [port = 0] = await freePorts(1);
  const secret = "very-secret-value-1";
  const node: NodeInputs = lab.node("leaky", port, {
    secretDirectives: { masteruser: "x", "no-such-directive": secret },
  });
  const { code, lines } = await tool(requestOf(node, { operation: "redis-process" })).ended;
  expect(code).toBe(1);
  expect(JSON.stringify(lines)).toContain("no-such-directive [secret]");
  expect(JSON.stringify(lines)).not.toContain(secret);
});

it("gives up at the deadline with what is missing", async () => {
  const { server, inputs } = await silent();
  const { code, lines } = await tool(requestOf(inputs, { deadlineMs: 500 })).ended;
  server.close();
  expect(code).toBe(1);
  expect(JSON.stringify(lines.at(-1))).toMatch(
    /the deadline of 0\.5 s has passed; still missing: mute \(127\.0\.0\.1:\d+\) does not answer/,
  );
});

it.each(["SIGTERM", "SIGINT"] as const)("stops at %s", async (signal) => {
  const { server, inputs } = await silent();
  const { child, ended } = tool(requestOf(inputs));
  await new Promise((connected) => server.once("connection", connected));
  child.kill(signal);
  const { code, lines } = await ended;
  server.close();
  expect(code).toBe(1);
  expect(JSON.stringify(lines.at(-1))).toContain(`interrupted by ${signal}`);
});

it("stops when the process that asked is gone, and leaves no server behind", async () => {
  const parent = spawn("sleep", ["60"], { stdio: "ignore" });
  const { server, inputs } = await silent();
  const { ended } = tool(requestOf(inputs, { parent: parent.pid }));
  await new Promise((connected) => server.once("connection", connected));
  parent.kill("SIGKILL");
  const { code, lines } = await ended;
  server.close();
  expect(code).toBe(1);
  expect(JSON.stringify(lines.at(-1))).toContain(`process ${parent.pid}, which asked for this, is gone`);
});

it("leaves nothing that the next run does not find, when it is killed at any moment", async () => {
  const outcomes = new Set<string>();
  // On a busy machine the tool takes longer to get anywhere.
  for (let delay = 100; delay <= 320 || (outcomes.size < 2 && delay < 10_000); delay += delay < 320 ? 20 : 300) {
    const [port = 0] = await freePorts(1);
    const node = lab.node(`killed-${delay}`, port);
    const { child, ended } = tool(requestOf(node, { operation: "redis-process" }));
    setTimeout(() => child.kill("SIGKILL"), delay);
    await ended;
    const left = existsSync(node.directory) ? readdirSync(node.directory).sort().join(" ") : "nothing";
    outcomes.add(left);
    const first = await lab.start(node);
    expect((await lab.start(node)).outputs).toEqual(first.outputs);
    await lab.run(redisProcess, "delete", node);
    expect(identify(Number(first.outputs?.pid))).toBeUndefined();
    expect(await whyNotFree(node)).toBeUndefined();
  }
  console.log([...outcomes].join("\n"));
  expect(outcomes.size).toBeGreaterThan(1);
});

it("answers several requests side by side, each under its number", async () => {
  const requests = [3, 1, 2].map((seq) => ({ ...requestOf({}, { operation: `nothing-${seq}` }), seq }));
  const { code, lines } = await tool(requests.map((request) => JSON.stringify(request)).join("\n")).ended;
  expect(code).toBe(1);
  const said = lines.map((line) => [line.seq, "error" in line ? line.error.message.slice(0, 22) : ""]);
  expect(said.toSorted()).toEqual([1, 2, 3].map((seq) => [seq, `operation: "nothing-${seq}"`]));
});
