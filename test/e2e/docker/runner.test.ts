import { afterAll, beforeAll, expect, it } from "vitest";
import type { OperationLine } from "../../../contract/operation.ts";
import type { WarmReport } from "../../../contract/warming.ts";
import { withConnection } from "../../../ops/connect.ts";
import { dockerTest, images } from "../../support/docker.ts";
import { until } from "../../support/wait.ts";
import { answerOf, askTool, password, type RunnerLab, sourcePassword, startRunnerLab } from "./runner-lab.ts";

const rows = 3000;
const datasetOf = (name: string, count: number, padding = 0) => ({
  name,
  query: `SELECT n AS id, md5(n::text) || repeat('x', ${padding}) AS text FROM generate_series(1, ${count}) n`,
  key: `${name}:{id}`,
  value: { type: "hash" },
  ttl: "1 hour",
});
const plan = {
  name: "things",
  datasets: [datasetOf("thing", rows)],
  replay: { query: `SELECT 'thing:' || n AS cache_key FROM generate_series(1, ${rows + 60}) n`, sample: 1000 },
};

/** One command to a node that this machine reaches. */
const ask = (host: string, command: string, ...args: string[]) =>
  withConnection({ host, port: 6379 }, { password }, (connection) => connection.call(command, ...args));

function reportOf(answer: OperationLine | undefined): WarmReport {
  expect(answer).toHaveProperty("result.outputs.report");
  return (answer as unknown as { result: { outputs: { report: WarmReport } } }).result.outputs.report;
}

/** What a report says of what was done, without how long it took. */
function essence({ ok, rows, keys, failed, datasets, validation }: WarmReport) {
  const done = datasets.map(({ name, status, rows, keys }) => ({ name, status, rows, keys }));
  return { ok, rows, keys, failed, done, verdict: validation?.verdict, requests: validation?.replay.requests };
}

dockerTest("the runner, where this machine reaches the nodes too", () => {
  let lab: RunnerLab;
  beforeAll(async () => {
    lab = await startRunnerLab({ reachable: true });
  });
  afterAll(() => lab?.close());

  const topology = () => ({ name: "cache", topology: "cluster", members: lab.members, password });
  const warming = () => ({ name: "warming", endpoint: lab.endpoint, plan, source: lab.source, gate: {} });

  it("forms, waits and warms in a container with the same results as here, and leaves no container", async () => {
    const formation = (mode: "here" | "container") =>
      answerOf({ operation: "formation", inputs: { ...topology(), runner: lab.runner(mode) } });
    const formed = await formation("container");
    expect(formed).toEqual(await formation("here"));
    expect(formed).toMatchObject({
      result: { id: "formation", outputs: { primaries: lab.members.map(({ host }) => `${host}:6379`) } },
    });
    const ready = (mode: "here" | "container") =>
      answerOf({ operation: "readiness", inputs: { ...topology(), runner: lab.runner(mode) } });
    expect(await ready("container")).toEqual(await ready("here"));

    const warm = async (mode: "here" | "container") => {
      const answer = await answerOf({ operation: "warm", inputs: { ...warming(), runner: lab.runner(mode) } });
      return reportOf(answer);
    };
    const there = await warm("container");
    expect(essence(there)).toEqual(essence(await warm("here")));
    expect(there).toMatchObject({ ok: true, keys: rows, validation: { verdict: "warm" } });
    await until("the runners are gone", async () => (await lab.runners()).length === 0);
  });

  it("does not warm again because the runner is another, and does where something else is", async () => {
    const inputs = { ...warming(), runner: lab.runner("container") };
    const olds = { ...inputs, runId: "before", markers: [], report: {}, runner: lab.runner("auto") };
    const update = { operation: "warm", action: "update", id: "warm" };
    expect(await answerOf({ ...update, inputs, olds })).toMatchObject({ result: { outputs: { runId: "before" } } });
    const other = await answerOf({ ...update, inputs: { ...inputs, trigger: "again" }, olds });
    expect(reportOf(other).keys).toBe(rows);
  });

  it("hands progress on, keeps one container for all requests, and shows no secret in it", async () => {
    const controls = { keysPerSecond: 1500 };
    const inputs = { ...warming(), plan: { ...plan, name: "slow" }, controls, runner: lab.runner("container") };
    const { child, lines, ended } = askTool({ operation: "warm", inputs });
    const readiness = { operation: "readiness", inputs: { ...topology(), runner: lab.runner("container") } };
    child.stdin.write(`${JSON.stringify({ seq: 1, action: "create", deadlineMs: 30_000, ...readiness })}\n`);
    await until("the warmer tells how far it is", async () =>
      lines.some((line) => line.seq === 0 && "progress" in line),
    );
    const [runner, ...others] = await lab.runners();
    expect(others).toEqual([]);
    const shown = JSON.stringify([await runner?.inspect(), await runner?.top({ ps_args: "auxwwe" })]);
    expect(shown).toContain("main.mjs");
    expect(shown).not.toContain(password);
    expect(shown).not.toContain(sourcePassword);
    expect(await runner?.inspect()).toMatchObject({
      Config: { User: "65534:65534", Image: images.node },
      HostConfig: { ReadonlyRootfs: true, CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges:true"], AutoRemove: true },
    });
    child.stdin.end();
    await ended;
    expect(lines.filter((line) => !("progress" in line))).toMatchObject([
      { seq: 1, result: { id: "readiness" } },
      { seq: 0, result: { id: "warm" } },
    ]);
    await until("the runner is gone", async () => (await lab.runners()).length === 0);
  });

  it("leaves no container behind when it is killed half way; the next run goes on where that one was", async () => {
    const slow = {
      name: "killed",
      datasets: [{ ...datasetOf("killed", 6000, 500), resumeBy: "id" }],
      replay: plan.replay,
    };
    const inputs = { ...warming(), plan: slow, gate: { minHitRatio: 0 }, runner: lab.runner("container") };
    const first = askTool({ operation: "warm", inputs: { ...inputs, controls: { keysPerSecond: 1000 } } });
    const [{ host = "" } = {}] = lab.members;
    await until("the run has noted on a server how far it is", async () => {
      const [key] = (await ask(host, "KEYS", "hearth:resume:*")) as string[];
      return key !== undefined && /"after":"\d+"/.test(String(await ask(host, "GET", key)));
    });
    expect(await lab.runners()).toHaveLength(1);
    first.child.kill("SIGKILL");
    await first.ended;
    await until("the runner is gone", async () => (await lab.runners()).length === 0, 15_000);
    const answer = await answerOf({ operation: "warm", inputs });
    expect(reportOf(answer)).toMatchObject({ ok: true, rows: 6000 });
    expect(reportOf(answer).datasets[0]?.warnings[0]).toMatch(/this one went on after row \d+$/);
  });

  it("keeps the deadline, with the same words as here", async () => {
    const members = lab.members.map((member) => ({ ...member, port: 6380 }));
    const late = (mode: "here" | "container") =>
      answerOf({
        operation: "readiness",
        deadlineMs: 3000,
        inputs: { ...topology(), members, runner: lab.runner(mode) },
      });
    const answer = await late("container");
    expect(answer).toMatchObject({ error: { message: expect.stringContaining("the deadline of 3 s has passed") } });
    expect(answer).toEqual(await late("here"));
  });

  it("works here by itself, also before the nodes listen", async () => {
    const members = lab.members.map((member) => ({ ...member, port: 6380 }));
    const inputs = { ...topology(), members, runner: { ...lab.runner("auto"), image: "none.invalid/none" } };
    const answer = await answerOf({ operation: "readiness", deadlineMs: 2000, inputs });
    expect(answer).toMatchObject({ error: { message: expect.stringMatching(/ECONNREFUSED/) } });
  });

  it.each([
    ["demo", /^source: the demo database is started by the warmer on 127\.0\.0\.1 of this machine, and /],
    [
      { url: "postgres://me:secret-one@localhost/db" },
      /^source: the URL has the host localhost: .*host\.docker\.internal/,
    ],
  ])("refuses a source that a container cannot reach, before one is started: %j", async (source, message) => {
    const inputs = { ...warming(), source, runner: lab.runner("container") };
    const answer = await answerOf({ operation: "warm", inputs });
    expect(answer).toEqual({ seq: 0, error: { message: expect.stringMatching(message) } });
    expect(JSON.stringify(answer)).not.toContain("secret-one");
    const check = await answerOf({ operation: "warm", action: "check", inputs });
    expect(check).toMatchObject({ result: { failures: [{ property: "source" }] } });
    expect(await lab.runners()).toEqual([]);
  });

  it("says what was tried where there is no container to be had, and finds nothing in a network that is gone", async () => {
    const gone = { ...lab.runner("container"), network: "hearth-runner-test-gone" };
    const inputs = { ...topology(), runner: gone };
    expect(await answerOf({ operation: "readiness", inputs })).toMatchObject({
      error: {
        message: expect.stringMatching(/no container could be started on the network hearth-runner-test-gone: /),
      },
    });
    expect(await answerOf({ operation: "readiness", action: "read", id: "readiness", inputs })).toMatchObject({
      result: { id: "readiness", outputs: { drift: expect.stringMatching(/no such network/) } },
    });
    const without = { ...lab.runner("container"), image: images.redis };
    expect(await answerOf({ operation: "readiness", inputs: { ...inputs, runner: without } })).toMatchObject({
      error: { message: expect.stringContaining(`${images.redis} has no node: name an image with Node 20 or later`) },
    });
  });

  it("ends the container when it has answered a delete: the network is removed next", async () => {
    const inputs = { ...warming(), runId: "none", markers: ["hearth:warm:warming"], runner: lab.runner("container") };
    const { child, lines, ended } = askTool({ operation: "warm", action: "delete", inputs });
    await until("it is deleted", async () => lines.some((line) => "result" in line));
    expect(await lab.runners()).toEqual([]);
    child.stdin.end();
    await ended;
  });
}, ["redis", "postgres", "node"]);

dockerTest("the runner, where this machine does not reach the nodes", () => {
  let lab: RunnerLab;
  beforeAll(async () => {
    lab = await startRunnerLab({ reachable: false });
  });
  afterAll(() => lab?.close());

  it("forms and warms in a container by itself", async () => {
    const runner = lab.runner("auto");
    const topology = { name: "cache", topology: "cluster", members: lab.members, password };
    for (const operation of ["formation", "readiness"]) {
      expect(await answerOf({ operation, inputs: { ...topology, runner } })).toMatchObject({ result: {} });
    }
    const inputs = { name: "warming", endpoint: lab.endpoint, plan, source: lab.source, gate: {}, runner };
    const answer = await answerOf({ operation: "warm", inputs });
    expect(answer).toMatchObject({ result: { outputs: { report: { ok: true, keys: rows } } } });
    const here = await answerOf({
      operation: "readiness",
      deadlineMs: 3000,
      inputs: { ...topology, runner: lab.runner("here") },
    });
    expect(here).toHaveProperty("error");
  });
}, ["redis", "postgres", "node"]);
