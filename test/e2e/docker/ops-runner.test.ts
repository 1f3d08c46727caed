import { afterAll, beforeAll, expect, it } from "vitest";
import type { DockerRunner } from "../../../contract/docker.ts";
import { containerTurn } from "../../../ops/docker/container-turn.ts";
import { redisContainer } from "../../../ops/docker/redis-container.ts";
import { releaseRunner } from "../../../ops/runner/runner.ts";
import { dockerTest, images } from "../../support/docker.ts";
import { DockerLab } from "./ops-lab.ts";

dockerTest("a server that only a container on its network reaches", () => {
  let lab: DockerLab;
  let runner: DockerRunner;
  beforeAll(async () => {
    lab = await DockerLab.open();
    runner = { mode: "container", docker: {}, network: lab.network, image: images.node };
  });
  afterAll(async () => {
    await releaseRunner(runner);
    await lab.close();
  });

  it("is started, changed live, restarted and stopped", async () => {
    const node = await lab.node(0, { runner });
    const first = await lab.start(node);
    const live = { ...node, directives: { ...(node.directives as object), maxmemory: "32mb" } };
    expect(await lab.run(redisContainer, "update", live, { olds: node })).toEqual(first);
    expect(await lab.ask(node, "CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", `${32 * 1024 ** 2}`]);
    const wrong = { ...node, directives: { ...(node.directives as object), maxmemory: "lots" } };
    await expect(lab.run(redisContainer, "update", wrong, { olds: live })).rejects.toThrow(
      "directives.maxmemory: the server refuses this value",
    );
    const restarted = { ...node, directives: { ...(node.directives as object), databases: "2" } };
    const second = await lab.run(redisContainer, "update", restarted, { olds: live });
    expect(second.outputs?.instance).not.toBe(first.outputs?.instance);
    const turn = { ...restarted, definition: { image: "another" } };
    await lab.run(containerTurn, "update", turn, { olds: { ...turn, definition: { image: "one" } } });
    expect((await lab.inspect(node)).State.Running).toBe(false);
  });
}, ["redis", "node"]);
