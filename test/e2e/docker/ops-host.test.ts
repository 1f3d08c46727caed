import { afterAll, beforeAll, expect, it } from "vitest";
import { dockerHost } from "../../../ops/docker/docker-host.ts";
import { docker, dockerTest, images, testLabels } from "../../support/docker.ts";
import { DockerLab } from "./ops-lab.ts";

dockerTest("what a Docker engine must offer", () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await DockerLab.open();
  });
  afterAll(() => lab.close());

  /** Inputs of a topology whose network is the lab's. */
  const inputs = (more: Record<string, unknown> = {}) => ({
    ...{ name: "cache", docker: {}, image: images.redis, network: lab.network, subnet: `${lab.prefix}.0/24` },
    ...{ published: [], ...more },
  });
  const check = async (more: Record<string, unknown>) =>
    (await lab.run(dockerHost, "check", inputs(more))).failures?.map(
      ({ property, reason }) => `${property}: ${reason}`,
    );

  it("tells the versions of the engine and of the image's server", async () => {
    expect(await check({ tls: true, memory: 1e6 })).toEqual([]);
    const { outputs } = await lab.run(dockerHost, "create", inputs());
    const { Version } = await docker.version();
    const { ID } = await docker.info();
    const version = expect.stringMatching(/^\d+\.\d+\.\d+$/);
    expect(outputs).toEqual({ version, engineVersion: Version, engineId: ID });
    // Known in the preview, so that no node depends on what is not known.
    expect((await lab.run(dockerHost, "check", inputs())).outputs).toEqual({ version, engineId: ID });
    expect(await lab.run(dockerHost, "read", inputs())).toEqual({ id: "cache" });
  });

  it("knows what another network, an interface and a route of this machine have", async () => {
    const other = `${lab.prefix}.128/25`;
    expect(await check({ network: "another", subnet: other })).toEqual([
      `docker.subnet: ${other} is not free: the Docker network ${lab.network} has ${lab.prefix}.0/24: choose another subnet (hearth:subnet), such as 10.213.47.0/24`,
    ]);
    expect((await check({ subnet: "127.0.0.0/24" }))?.[0]).toMatch(/interface lo has 127\.0\.0\.1\/8/);
  });

  it("names who has a port that is to be published", async () => {
    const [port] = [17_000 + Math.floor(Math.random() * 10_000)];
    const holder = await docker.createContainer({
      name: `${lab.network}-holder`,
      Image: images.redis,
      Cmd: ["sleep", "60"],
      Labels: { ...testLabels, [lab.network]: "" },
      ExposedPorts: { "6379/tcp": {} },
      HostConfig: { PortBindings: { "6379/tcp": [{ HostIp: "127.0.0.1", HostPort: `${port}` }] } },
    });
    await holder.start();
    const published = [{ node: "cache-0", host: "127.0.0.1", port }];
    expect(await check({ published })).toEqual([
      `docker.publish: port ${port} (127.0.0.1:${port}), which cache-0 publishes, is published by the container ${lab.network}-holder: stop it, or choose other ports (hearth:port)`,
    ]);
    await holder.remove({ force: true });
    expect(await check({ published })).toEqual([]);
  });

  it("refuses directives that the image's server does not take, all at once", async () => {
    const asked = [
      { property: "extraDirectives.maxmemory-samples", directive: "maxmemory-samples", value: "many" },
      { property: "extraDirectives.future", directive: "future", value: "1", since: "99.0" },
      { property: "extraDirectives.timeout", directive: "timeout", value: "5" },
    ];
    expect(await check({ asked })).toEqual([
      expect.stringMatching(
        /^extraDirectives\.future: the server of \S+ is \S+, and future came with Redis 99\.0: leave it out, or choose an image with Redis 99\.0 or later$/,
      ),
      expect.stringMatching(/^extraDirectives\.maxmemory-samples: redis-server \S+ refuses "many": /),
    ]);
    await expect(lab.run(dockerHost, "create", inputs({ asked }))).rejects.toThrow("extraDirectives.future: ");
  });

  it("refuses an image without a server, and memory that the machine does not have", async () => {
    expect(await check({ image: images.postgres, memory: 1e15 })).toEqual([
      `docker.image: the image ${images.postgres} must have a redis-server or valkey-server on its PATH (it has neither): choose another image (hearth:image)`,
      expect.stringMatching(/^memory: the containers may use \d+ MiB together, and the engine's machine has \d+ MiB: /),
    ]);
  });

  it("refuses more open files than the engine gives, and says how many it does", async () => {
    // More than the kernel lets anybody have (fs.nr_open).
    const [failure, ...more] = (await check({ openFiles: 2 ** 31 })) ?? [];
    expect(failure).toMatch(
      /^docker\.openFiles: the engine does not let a container have 2147483648 files open, as it may not itself: write at most \d+ \(hearth:openFiles\)/,
    );
    expect(more).toEqual([]);
    const most = Number(/at most (\d+)/.exec(failure ?? "")?.[1]);
    expect(await check({ openFiles: most })).toEqual([]);
  });

  it("leaves an image that is not there to the pull, and is refused after it", async () => {
    expect(await check({ image: "hearth/no-such-image:1" })).toEqual([]);
    await expect(lab.run(dockerHost, "create", inputs({ image: "hearth/no-such-image:1" }))).rejects.toThrow(
      "the engine does not have the image hearth/no-such-image:1",
    );
  });

  it("says what was tried where no engine answers", async () => {
    expect(await check({ docker: { host: "unix:///nowhere/docker.sock" } })).toEqual([
      "docker: the Docker engine at unix:///nowhere/docker.sock (docker.host) does not answer (connect ENOENT /nowhere/docker.sock): start it (Docker Desktop; Linux: systemctl start docker), or say where it is (hearth:dockerHost, hearth:dockerContext, DOCKER_HOST)",
    ]);
  });

  it("leaves no container behind", async () => {
    const filters = { label: [`hearth.probe=${images.redis}`] };
    // Another test's may be at work: none of them is older than that takes.
    const old = (await docker.listContainers({ all: true, filters })).filter(
      ({ Created }) => Created < Date.now() / 1000 - 30,
    );
    expect(old).toEqual([]);
  });
}, ["redis", "postgres"]);
