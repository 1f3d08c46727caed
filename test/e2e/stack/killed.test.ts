import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { clientOf } from "../../support/client.ts";
import { freePorts } from "../../support/ports.ts";
import { processesIn } from "../../support/processes.ts";
import { finished, TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

// `pulumi up` killed with SIGKILL, engine and all: the next one converges.
let stack: TestStack;
afterEach(() => stack?.end());

async function killWhen(child: ChildProcess, what: string, look: () => boolean): Promise<void> {
  const run = finished(child);
  await until(what, async () => look() || child.exitCode !== null, 60_000);
  expect(child.exitCode, "the update ended before it could be killed").toBeNull();
  child.kill("SIGKILL");
  await run;
}

function started(): string[] {
  try {
    return readdirSync(stack.directory).filter((node) => /^cache-\d$/.test(node));
  } catch {
    return [];
  }
}

function servers(): number {
  return processesIn(stack.folder).filter(({ command }) => command.includes("redis-server")).length;
}

async function converges(): Promise<void> {
  // What worked for the killed engine notices, and goes.
  await until("nothing is left but servers", async () => strays().length === 0);
  await stack.run("cancel", "--yes");
  await stack.up();
  // What the engine would have written beside its state, and a kill would have left half written.
  expect(readdirSync(stack.folder, { recursive: true }).filter((file) => `${file}`.endsWith(".attrs"))).toEqual([]);
  expect(servers()).toBe(6);
  const { endpoint, report } = await stack.outputs();
  expect(report.ok).toBe(true);
  const client = clientOf(endpoint);
  expect(await client.get("anything")).toBeNull();
  client.disconnect();
  expect(await stack.up()).not.toMatch(/(updated|created|deleted|replaced)/);
  expect(strays()).toEqual([]);
}

function strays(): string[] {
  const commands = processesIn(stack.folder).map(({ command }) => command);
  // Pulumi's own language host looks every 5 minutes whether its engine still lives; nothing of ours waits for it.
  return commands.filter((command) => !/redis-server|pulumi-language-nodejs/.test(command));
}

describe("the next up after a killed one converges, without a second instance", () => {
  it.each([
    ["after the first process", () => servers() >= 1],
    ["during formation", () => servers() === 6],
  ])("%s", async (what, look) => {
    const port = await freePorts(6, { bus: true });
    stack = await new TestStack({ topology: "cluster", port: `${port}`, source: "demo", plan: "meal-planner" }).init();
    await killWhen(stack.startUp(), what, look);
    expect(started().length).toBeGreaterThan(0);
    await converges();
  });

  it("during warming", async () => {
    const port = await freePorts(6, { bus: true });
    stack = await new TestStack({ topology: "cluster", port: `${port}`, source: "demo", plan: "meal-planner" }).init();
    const child = stack.startUp();
    let text = "";
    child.stdout?.on("data", (part) => {
      text += part;
    });
    await killWhen(child, "warming", () => /warming-run creating/.test(text));
    await converges();
  });
});
