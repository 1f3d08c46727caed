import { afterAll, beforeAll, expect, it } from "vitest";
import { parseInfo } from "../../../ops/connect.ts";
import { containerTurn } from "../../../ops/docker/container-turn.ts";
import { redisContainer } from "../../../ops/docker/redis-container.ts";
import { dockerTest } from "../../support/docker.ts";
import { until } from "../../support/wait.ts";
import { type ContainerInputs, DockerLab, password } from "./ops-lab.ts";

const masterName = "cache";
const old = { image: "redis:7.0", user: "999:999" };
const other = { image: "redis:7.2", user: "999:999" };

dockerTest("the turn of a container that is about to be replaced", () => {
  let lab: DockerLab;
  let primary: ContainerInputs;
  let replica: ContainerInputs;
  let sentinel: ContainerInputs;

  beforeAll(async () => {
    lab = await DockerLab.open();
    const port = 6379;
    const address = (index: number) => ({ host: `${lab.prefix}.${10 + index}`, port });
    const monitor = { masterName, quorum: 1, primary: address(0) };
    const watched = { monitor, sentinels: [address(2)], topology: "sentinel" };
    const directives = { save: ["3600 1"], appendonly: "no", "repl-diskless-sync-delay": "0" };
    primary = await lab.node(0, { ...watched, directives });
    replica = await lab.node(1, { ...watched, directives, role: "replica" });
    sentinel = await lab.node(2, {
      ...{ ...watched, kind: "sentinel", role: "sentinel" },
      directives: { [`sentinel down-after-milliseconds ${masterName}`]: "20000" },
      secretDirectives: { [`sentinel auth-pass ${masterName}`]: password },
    });
    for (const node of [replica, primary, sentinel]) await lab.start(node);
    await until("the replica", () => isReplica(replica));
    await until("the sentinel's view", async () => {
      const said = await lab.ask(sentinel, "SENTINEL", "REPLICAS", masterName);
      return Array.isArray(said) && said.length === 1;
    });
  });
  afterAll(() => lab.close());

  const turn = (node: ContainerInputs, definition: object, olds: object) =>
    lab.run(containerTurn, "update", { ...node, definition }, { olds: { ...node, definition: olds } });

  async function isReplica(node: ContainerInputs): Promise<boolean> {
    const info = parseInfo(String(await lab.ask(node, "INFO", "replication")));
    return info.role === "slave" && info.master_link_status === "up";
  }

  it("does nothing while the container stays", async () => {
    const before = (await lab.inspect(primary)).State.StartedAt;
    expect(await lab.run(containerTurn, "create", { ...primary, definition: old })).toEqual({ id: "node-0" });
    await turn({ ...primary, name: "node-0" }, old, { ...old });
    await lab.run(containerTurn, "delete", { ...primary, definition: old });
    expect((await lab.inspect(primary)).State).toMatchObject({ Running: true, StartedAt: before });
    expect(await isReplica(replica)).toBe(true);
  });

  it("hands over and stops; the next container comes back as a replica, with all that was acknowledged", async () => {
    await lab.ask(primary, "SET", "kept", "yes");
    await turn(primary, other, old);
    expect(lab.progress).toContain("making room for another container: image");
    expect(lab.progress).toContain("handing over to a replica first");
    expect((await lab.inspect(primary)).State).toMatchObject({ Running: false, Restarting: false, ExitCode: 0 });
    expect(await isReplica(replica)).toBe(false);
    expect(await lab.ask(replica, "GET", "kept")).toBe("yes");
    const replaced = await lab.replace(primary);
    await lab.run(redisContainer, "update", replaced, { olds: primary });
    primary = replaced;
    // It answers only when it is back in its topology.
    expect(await isReplica(primary)).toBe(true);
    expect(await lab.ask(primary, "GET", "kept")).toBe("yes");
  });

  it("takes the replica away without a failover", async () => {
    await until("both in order", () => isReplica(primary));
    await turn(primary, old, other);
    expect((await lab.inspect(primary)).State.Running).toBe(false);
    expect(await isReplica(replica)).toBe(false);
    const replaced = await lab.replace(primary);
    await lab.run(redisContainer, "update", replaced, { olds: primary });
    primary = replaced;
    expect(await isReplica(primary)).toBe(true);
  });

  it("keeps what a sentinel knows over another container", async () => {
    const id = await lab.ask(sentinel, "SENTINEL", "MYID");
    await turn(sentinel, other, old);
    const replaced = await lab.replace(sentinel);
    await lab.run(redisContainer, "update", replaced, { olds: sentinel });
    expect(await lab.ask(replaced, "SENTINEL", "MYID")).toBe(id);
    const address = await lab.ask(replaced, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName);
    expect(address).toEqual([replica.host, "6379"]);
  });

  it("does not wait for a container that is gone, or was never started", async () => {
    await lab.container(replica).stop();
    expect(await turn(replica, other, old)).toEqual({ id: "node-1" });
    await lab.container(replica).remove({ force: true });
    expect(await turn(replica, old, other)).toEqual({ id: "node-1" });
  });
});
