import { afterAll, beforeAll, expect, it } from "vitest";
import { parseInfo } from "../../../ops/connect.ts";
import { redisContainer } from "../../../ops/docker/redis-container.ts";
import { dockerTest } from "../../support/docker.ts";
import { until } from "../../support/wait.ts";
import { type ContainerInputs, DockerLab, folder, healthPassword, password } from "./ops-lab.ts";

dockerTest("a server in a container", () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await DockerLab.open();
  });
  afterAll(() => lab.close());

  const update = (inputs: ContainerInputs, olds: ContainerInputs) =>
    lab.run(redisContainer, "update", inputs, { olds });

  it("is started with files that only its user can read, in a container that was never started", async () => {
    const node = await lab.node(0);
    const { outputs } = await lab.start(node);
    expect(outputs).toMatchObject({ dataId: expect.stringMatching(/^[0-9a-f]{16}$/) });
    const { State } = await lab.inspect(node);
    expect(outputs?.instance).toBe(`${node.containerId.slice(0, 12)}@${State.StartedAt}`);
    const listing = await lab.exec(node, "sh", "-c", `stat -c '%a %u:%g %n' ${folder} ${folder}/*`);
    const files = listing.trim().split("\n").sort();
    expect(files).toContain(`700 999:999 ${folder}`);
    for (const name of ["redis.conf", "secret.conf", "users.acl", "health.auth", "applied.json", "data-id"])
      expect(files).toContain(`600 999:999 ${folder}/${name}`);
    expect(files).toContain(`700 999:999 ${folder}/health.sh`);
    expect(files.filter((line) => !/^(600|700) 999:999 /.test(line))).toEqual([]);
    expect((await lab.start(node)).outputs).toEqual(outputs);
  });

  it("shows no secret in what the engine tells about it, nor in its processes", async () => {
    const node = await lab.node(1);
    await lab.start(node);
    await until("the health check", async () => (await lab.inspect(node)).State.Health?.Status === "healthy");
    const told = [
      JSON.stringify(await lab.inspect(node)),
      JSON.stringify(await lab.container(node).top({ ps_args: "axeww -o pid,args" })),
      (await lab.container(node).logs({ stdout: true, stderr: true })).toString(),
      await lab.exec(node, "sh", "-c", "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' ' '"),
    ].join("\n");
    for (const secret of [password, healthPassword]) {
      expect(told).not.toContain(secret);
      expect(told).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  it("changes live what can be, and keeps it over a restart by the engine", async () => {
    const node = await lab.node(2);
    const first = await lab.start(node);
    const changed = { ...node, directives: { ...(node.directives as object), maxmemory: "64mb", timeout: "77" } };
    const second = await update(changed, node);
    expect(second.outputs).toEqual(first.outputs);
    expect(await lab.ask(node, "CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", `${64 * 1024 ** 2}`]);
    await lab.container(node).restart();
    await until("the server", () => lab.ask(node, "PING"));
    expect(await lab.ask(node, "CONFIG", "GET", "timeout")).toEqual(["timeout", "77"]);
    const third = await lab.run(redisContainer, "read", changed);
    expect(third.outputs?.instance).not.toBe(first.outputs?.instance);
    // Without persistence its data is gone, and whoever fills it is told.
    expect(third.outputs?.dataId).not.toBe(first.outputs?.dataId);
    expect((await lab.run(redisContainer, "read", changed)).outputs).toEqual(third.outputs);
  });

  it("restarts for what needs it, and keeps the data", async () => {
    const persistent = { bind: `${lab.prefix}.13 127.0.0.1`, save: ["3600 1"], appendonly: "no" };
    const node = await lab.node(3, { directives: persistent });
    const first = await lab.start(node);
    await lab.ask(node, "SET", "kept", "yes");
    const second = await update({ ...node, directives: { ...persistent, databases: "3" } }, node);
    expect(second.outputs?.instance).not.toBe(first.outputs?.instance);
    expect(second.outputs?.dataId).toBe(first.outputs?.dataId);
    expect(lab.progress).toContain("restarting for databases");
    expect(await lab.ask(node, "GET", "kept")).toBe("yes");
    expect((await lab.inspect(node)).Id).toBe(node.containerId);
  });

  it("refuses a value while it runs, and sets it when it is right", async () => {
    const node = await lab.node(4);
    await lab.start(node);
    const wrong = { ...node, directives: { ...(node.directives as object), maxmemory: "lots", timeout: "5" } };
    await expect(update(wrong, node)).rejects.toThrow("directives.maxmemory: the server refuses this value");
    const right = { ...node, directives: { ...(node.directives as object), maxmemory: "10mb", timeout: "0" } };
    await update(right, wrong);
    expect(await lab.ask(node, "CONFIG", "GET", "timeout")).toEqual(["timeout", "0"]);
  });

  it("starts again what was stopped, and what the engine starts again and again", async () => {
    const node = await lab.node(5);
    await lab.start(node);
    await lab.container(node).stop();
    expect(await lab.run(redisContainer, "read", node)).toEqual({
      id: "node-5",
      outputs: { drift: "the server does not run" },
    });
    await update(node, node);
    await lab.exec(node, "sh", "-c", `echo nonsense > ${folder}/redis.conf; kill -9 1`);
    await lab.container(node).restart();
    await until("a loop of restarts", async () => (await lab.inspect(node)).State.Restarting);
    await update(node, node);
    expect(await lab.ask(node, "PING")).toBe("PONG");
  });

  it("is back by itself after a crash, and says so", async () => {
    const node = await lab.node(6, { directives: { save: "", "enable-debug-command": "yes" } });
    const first = await lab.start(node);
    await lab.ask(node, "DEBUG", "SEGFAULT").catch(() => {});
    await until("another start", async () => {
      const { State } = await lab.inspect(node);
      return State.Running && `${node.containerId.slice(0, 12)}@${State.StartedAt}` !== first.outputs?.instance;
    });
    await until("an answer", () => lab.ask(node, "PING"));
    const { outputs } = await lab.run(redisContainer, "read", node);
    expect(outputs?.instance).not.toBe(first.outputs?.instance);
  });

  it("goes on in another container, with its data", async () => {
    const node = await lab.node(7, { directives: { save: ["3600 1"] } });
    const first = await lab.start(node);
    await lab.ask(node, "SET", "kept", "yes");
    await lab.ask(node, "SAVE");
    const replaced = await lab.replace(node);
    const second = await update(replaced, node);
    expect(await lab.ask(node, "GET", "kept")).toBe("yes");
    expect(second.outputs?.dataId).toBe(first.outputs?.dataId);
    expect(second.outputs?.instance).not.toBe(first.outputs?.instance);
  });

  it("explains a start that failed, and leaves no loop of restarts behind", async () => {
    const node = await lab.node(8, { directives: { "no-such-directive": "1" } });
    await expect(lab.start(node)).rejects.toThrow(/Bad directive or wrong number of arguments/);
    expect((await lab.inspect(node)).State).toMatchObject({ Running: false, Restarting: false });
    const mended = { ...node, directives: {} };
    await update(mended, node);
    expect(await lab.ask(mended, "PING")).toBe("PONG");
  });

  it("is gone when its container is, and ends at once when it is deleted", async () => {
    const node = await lab.node(9, { directives: { save: ["3600 1"] } });
    await lab.start(node);
    await lab.ask(node, "SET", "k", "v");
    await lab.run(redisContainer, "delete", node);
    expect((await lab.inspect(node)).State.Running).toBe(false);
    await lab.container(node).remove({ force: true });
    expect(await lab.run(redisContainer, "read", node)).toEqual({ id: "" });
    expect(await lab.run(redisContainer, "delete", node)).toEqual({});
    await expect(lab.start(node)).rejects.toThrow(`the container ${node.container} is not there`);
  });

  it("is unhealthy while a replica has no primary; its health check asks nothing that is refused", async () => {
    const node = await lab.node(10);
    await lab.start(node);
    const refused = async () => parseInfo(String(await lab.ask(node, "INFO", "errorstats")));
    const before = await refused();
    const checks = async () => (await lab.inspect(node)).State.Health?.Log ?? [];
    const seen = (await checks()).at(-1)?.Start;
    await until("a check", async () => (await checks()).some(({ Start }) => Start !== seen));
    await until("healthy", async () => (await lab.inspect(node)).State.Health?.Status === "healthy");
    expect(await refused()).toEqual(before);
    await lab.ask(node, "REPLICAOF", lab.prefix.concat(".250"), "6379");
    expect(parseInfo(String(await lab.ask(node, "INFO", "replication"))).role).toBe("slave");
    const unhealthy = await until("unhealthy", async () => {
      const { State } = await lab.inspect(node);
      return State.Health?.Status === "unhealthy" && State.Health;
    });
    expect(unhealthy.Log?.at(-1)?.Output).toBe("no link to its primary\n");
  });
});
