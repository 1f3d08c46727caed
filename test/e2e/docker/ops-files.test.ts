import { afterAll, beforeAll, expect, it } from "vitest";
import { containerFiles } from "../../../ops/docker/container-files.ts";
import { docker, dockerTest, images, testLabels } from "../../support/docker.ts";
import { DockerLab } from "./ops-lab.ts";

const folder = "/hearth/files";

dockerTest("files of a container", () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await DockerLab.open();
  });
  afterAll(() => lab.close());

  /** A container that runs this, made and not started. */
  async function made(name: string, script: string, files: Record<string, string>) {
    const container = `${lab.network}-${name}`;
    const Labels = { ...testLabels, [lab.network]: "" };
    await docker.createVolume({ Name: container, Labels });
    const { id } = await docker.createContainer({
      ...{ name: container, Labels, Image: images.redis, Entrypoint: ["sh", "-c", script], User: "59000:59000" },
      HostConfig: {
        ReadonlyRootfs: true,
        RestartPolicy: { Name: "unless-stopped" },
        Mounts: [{ Type: "volume", Source: container, Target: "/hearth" }],
      },
    });
    const owner = { uid: 59_000, gid: 59_000 };
    return { name, host: "", port: 0, docker: {}, container, containerId: id, folder, files, owner };
  }

  it("are there when it starts, its user's alone; others restart it", async () => {
    const inputs = await made("files", `cat ${folder}/a; exec sleep 600`, { a: "first\n", b: "b" });
    const first = await lab.run(containerFiles, "create", inputs);
    const listing = await lab.exec(inputs, "sh", "-c", `stat -c '%a %u:%g %n' ${folder} ${folder}/*`);
    expect(listing.trim().split("\n")).toEqual([
      `700 59000:59000 ${folder}`,
      `600 59000:59000 ${folder}/a`,
      `600 59000:59000 ${folder}/b`,
    ]);
    expect(await lab.run(containerFiles, "update", inputs)).toEqual(first);
    expect(await lab.run(containerFiles, "read", inputs)).toEqual(first);
    const second = await lab.run(containerFiles, "update", { ...inputs, files: { a: "second\n", b: "b" } });
    expect(second.outputs?.instance).not.toBe(first.outputs?.instance);
    const log = (await lab.container(inputs).logs({ stdout: true })).toString();
    expect(log).toMatch(/first[\s\S]*second/);
    await lab.container(inputs).stop({ t: 0 });
    expect((await lab.run(containerFiles, "read", inputs)).outputs).toEqual({ drift: "the program does not run" });
    await lab.run(containerFiles, "delete", inputs);
    await lab.container(inputs).remove();
    expect(await lab.run(containerFiles, "read", inputs)).toEqual({ id: "" });
  });

  it("explain a program that does not start, which is then left stopped", async () => {
    const inputs = await made("broken", "echo a word about it; exit 3", { a: "" });
    await expect(lab.run(containerFiles, "create", inputs)).rejects.toThrow(
      "broken: the program ended\nThe end of its log:\na word about it",
    );
    expect((await lab.inspect(inputs)).State).toMatchObject({ Running: false, Restarting: false });
  });
});
