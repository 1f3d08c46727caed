import { spawnSync } from "node:child_process";
import { afterAll, expect, it } from "vitest";
import { docker, dockerTest, images, removeLabelled, testLabels, uniqueName } from "../../support/docker.ts";
import { isLeft, removeLeftovers } from "../../support/docker-leftovers.ts";

/** A process that has ended, and is no zombie. */
const ended = spawnSync("true").pid;

dockerTest("what killed tests leave on the engine", () => {
  const name = uniqueName("left");
  afterAll(() => removeLabelled(`hearth.test.name=${name}`));

  it("is known by its process, that it names itself or by the name of its stack", () => {
    expect(isLeft({ "hearth.test": String(ended) })).toBe(true);
    expect(isLeft({ "hearth.stack": `test-${ended.toString(36)}-x7f2` })).toBe(true);
    expect(isLeft(testLabels)).toBe(false);
    expect(isLeft({ "hearth.stack": `test-${process.pid.toString(36)}-x7f2` })).toBe(false);
    expect(isLeft({ "hearth.stack": "production" })).toBe(false);
    expect(isLeft({ "hearth.test": "plugin-1" })).toBe(false);
    expect(isLeft(null)).toBe(false);
  });

  it("stays for half an hour, and is then removed", async () => {
    const Labels = { "hearth.test": String(ended), "hearth.test.name": name };
    const label = `hearth.test.name=${name}`;
    const filters = { label: [label] };
    await docker.createVolume({ Name: name, Labels });
    const network = await docker.createNetwork({ Name: name, Labels });
    const NetworkingConfig = { EndpointsConfig: { [name]: {} } };
    await (await docker.createContainer({ name, Image: images.redis, Labels, NetworkingConfig })).start();
    await removeLeftovers({ label });
    expect(await docker.listContainers({ filters })).toHaveLength(1);

    await removeLeftovers({ label, olderThanMs: -60_000 });
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    expect(await docker.listNetworks({ filters })).toEqual([]);
    expect((await docker.listVolumes({ filters })).Volumes ?? []).toEqual([]);
    await expect(network.inspect()).rejects.toThrow();
  });
});
