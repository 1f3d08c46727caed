import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { docker, dockerTest, freeSubnet, images, uniqueName } from "../../support/docker.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";
import { until } from "../../support/wait.ts";

/** Whichever provider plugin this machine has, by a program that uses it as Hearth does: they must agree on all this. */
dockerTest("the Docker provider", () => {
  const name = uniqueName("plugin");
  let stack: TestStack;
  let address: string;

  beforeAll(async () => {
    const { subnet, prefix } = await freeSubnet();
    address = `${prefix}.10`;
    const config = { name, subnet, address, image: images.redis, port: String(await freePorts(1)) };
    stack = await new TestStack(config, join(import.meta.dirname, "plugin-program")).init();
    await stack.up();
  });
  afterAll(() => stack.end());

  const inspect = () => docker.getContainer(name).inspect();
  const containerId = async () => (await inspect()).Id;

  it("makes a container as asked, and waits until it is healthy", async () => {
    const { State, Config, HostConfig, NetworkSettings, Mounts } = await inspect();
    expect(State.Health?.Status).toBe("healthy");
    expect(Config).toMatchObject({ User: "999:999", StopTimeout: 10, Labels: { "hearth.test": name } });
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Memory: 64 * 1024 * 1024,
      MemorySwap: 64 * 1024 * 1024,
      RestartPolicy: { Name: "unless-stopped" },
      Ulimits: [{ Name: "nofile", Soft: 16384, Hard: 16384 }],
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
      Sysctls: { "net.core.somaxconn": "1024" },
      Tmpfs: { "/tmp": "size=1m" },
    });
    expect(Object.keys(NetworkSettings.Networks)).toEqual([name]);
    expect(NetworkSettings.Networks[name]?.IPAddress).toBe(address);
    expect(Mounts).toMatchObject([{ Type: "volume", Name: name, Destination: "/data", RW: true }]);
    expect(await exec(["redis-cli", "-h", address, "ping"])).toContain("PONG");
  });

  it("finds nothing to change in a second update, nor after a refresh", async () => {
    expect(await stack.up()).toContain("5 unchanged");
    expect(await stack.preview("--refresh", "--diff", "--expect-no-changes")).toContain("5 unchanged");
  });

  it("changes memory and the restart policy of the running container", async () => {
    const id = await containerId();
    stack.set({ memory: "96", restart: "always" });
    const text = await stack.preview("--diff");
    expect(text).toMatch(/~ memory\s*: 64 => 96/);
    expect(text).toMatch(/~ restart\s*: "unless-stopped" => "always"/);
    expect(text).not.toContain("replace");
    expect(await stack.up()).toContain("~ 1 updated");
    const { Id, HostConfig } = await inspect();
    expect(Id).toBe(id);
    expect(HostConfig).toMatchObject({ Memory: 96 * 1024 * 1024, RestartPolicy: { Name: "always" } });
  });

  it("replaces the container for another environment, the old one before the new", async () => {
    const id = await containerId();
    stack.set({ envs: '["TZ=UTC"]' });
    const text = await stack.up("--diff");
    expect(text).toContain('+ [0]: "TZ=UTC"');
    expect(text).toContain("1 replaced");
    expect(await containerId()).not.toBe(id);
    expect((await inspect()).Config.Env).toContain("TZ=UTC");
  });

  it("starts a container again that was stopped, after a refresh", async () => {
    await docker.getContainer(name).stop({ t: 5 });
    expect(await stack.up("--refresh", "--diff")).toMatch(/~ mustRun: false => true/);
    expect((await inspect()).State.Running).toBe(true);
  });

  it("puts back a limit that somebody changed, after a refresh", async () => {
    await docker.getContainer(name).update({ Memory: 80 * 1024 * 1024, MemorySwap: 80 * 1024 * 1024 });
    expect(await stack.up("--refresh", "--diff")).toMatch(/~ memory\s*: 80 => 96/);
    expect((await inspect()).HostConfig.Memory).toBe(96 * 1024 * 1024);
  });

  it("makes what was removed anew, after a refresh", async () => {
    await docker.getContainer(name).remove({ force: true });
    expect(await stack.up("--refresh")).toContain("1 created");
    await until("the new container is healthy", async () => (await inspect()).State.Health?.Status === "healthy");
  });

  it("makes a container without starting it, which it leaves alone when another has", async () => {
    stack.set({ start: "false", envs: '["TZ=Europe/Rome"]' });
    await stack.up();
    expect((await inspect()).State).toMatchObject({ Status: "created" });
    await docker.getContainer(name).start();
    expect(await stack.up("--refresh")).toContain("5 unchanged");
    expect((await inspect()).State.Running).toBe(true);
  });

  it("refuses what Docker refuses, in its words, and keeps what was made", async () => {
    stack.set({ address: "10.1.2.3" });
    expect(await stack.upFails()).toMatch(/no configured subnet or ip.range contain the IP address 10\.1\.2\.3/);
    expect((await inspect()).State.Status).toBe("created");
    stack.set({ address });
    await stack.up();
    expect(await containerId()).toMatch(/^[0-9a-f]{64}$/);
  });

  it("takes the engine from a provider's host", async () => {
    stack.set({ dockerHost: "unix:///nowhere/docker.sock", memory: "64" });
    expect(await stack.upFails()).toContain("/nowhere/docker.sock");
    stack.set({ dockerHost: undefined });
    await stack.up();
    expect((await inspect()).HostConfig.Memory).toBe(64 * 1024 * 1024);
  });

  it("leaves nothing behind", async () => {
    await stack.destroy();
    const filters = { label: [`hearth.test=${name}`] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    expect(await docker.listNetworks({ filters })).toEqual([]);
    expect((await docker.listVolumes({ filters })).Volumes ?? []).toEqual([]);
    expect((await docker.getImage(images.redis).inspect()).Id).toMatch(/^sha256:/);
  });

  async function exec(Cmd: string[]): Promise<string> {
    const command = await docker.getContainer(name).exec({ Cmd, AttachStdout: true, AttachStderr: true });
    const stream = await command.start({});
    let text = "";
    for await (const part of stream) text += part;
    return text;
  }
});
