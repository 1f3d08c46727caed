import * as docker from "@pulumi/docker";
import { isSecret, type ResourceTransformation } from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RedisCluster, RedisSentinel, RedisStandalone } from "../../infra/index.ts";
import { definitionOf, type NodeContainer } from "../../infra/targets/container.ts";
import { type Registered, registered, registeredInOrder, resolved } from "../support/mocks.ts";

const dynamic = "pulumi-nodejs:dynamic/hearth";
const engine = { host: "unix:///run/engine.sock" };
const args = { target: "docker", docker: { subnet: "10.201.7.0/24" } } as const;
const list = (resources: readonly Registered[]) => resources.map(({ type, name }) => `${type} ${name}`);
const containers = (resources: readonly Registered[]) =>
  resources.filter(({ type }) => type === "docker:index/container:Container");

beforeAll(() => {
  vi.stubEnv("DOCKER_HOST", engine.host);
  vi.stubEnv("DOCKER_CONTEXT", "");
});
afterAll(() => vi.unstubAllEnvs());

describe("the children of a component on Docker", () => {
  it("standalone: network, images, the engine's check, and for the node a volume, a turn, a container and its server", async () => {
    const resources = await registered(() => new RedisStandalone("cache", args));
    expect(list(resources)).toEqual([
      "hearth:index:RedisStandalone cache",
      "docker:index/container:Container cache-0",
      "docker:index/volume:Volume cache-0-data",
      "docker:index/container:Container cache-0-exporter",
      "docker:index/volume:Volume cache-0-exporter-files",
      `${dynamic}:ContainerFiles cache-0-exporter-server`,
      `${dynamic}:RedisContainer cache-0-server`,
      `${dynamic}:ContainerTurn cache-0-turn`,
      "pulumi:providers:docker cache-docker",
      "docker:index/remoteImage:RemoteImage cache-exporter-image",
      `${dynamic}:Exporters cache-exporters`,
      `${dynamic}:Formation cache-formation`,
      `${dynamic}:DockerHost cache-host`,
      "docker:index/remoteImage:RemoteImage cache-image",
      `${dynamic}:ImageServer cache-image-server`,
      "docker:index/network:Network cache-network",
      `${dynamic}:Passwords cache-passwords`,
      `${dynamic}:Readiness cache-readiness`,
    ]);
  });

  it("sentinel: data nodes from .10, sentinels from .60, exporters from .100", async () => {
    const resources = await registered(() => new RedisSentinel("cache", args));
    expect(addresses(resources)).toEqual({
      ...{ "cache-0": "10.201.7.10", "cache-1": "10.201.7.11", "cache-2": "10.201.7.12" },
      ...{ "cache-0-exporter": "10.201.7.100", "cache-1-exporter": "10.201.7.101", "cache-2-exporter": "10.201.7.102" },
      ...{ "cache-sentinel-0": "10.201.7.60", "cache-sentinel-1": "10.201.7.61", "cache-sentinel-2": "10.201.7.62" },
      "cache-sentinel-0-exporter": "10.201.7.103",
      "cache-sentinel-1-exporter": "10.201.7.104",
      "cache-sentinel-2-exporter": "10.201.7.105",
    });
    const server = resources.find(({ name }) => name === "cache-sentinel-0-server");
    expect(server?.inputs.restart).toMatchObject({
      "sentinel announce-ip": "10.201.7.60",
      "sentinel announce-port": "26379",
      bind: "10.201.7.60 127.0.0.1",
    });
    expect(server?.inputs.monitor).toMatchObject({ primary: { host: "10.201.7.10", port: 6379 } });
  });

  it("cluster: six nodes that announce the addresses they have", async () => {
    const resources = await registered(() => new RedisCluster("cache", { ...args, exporters: false }));
    expect(Object.entries(addresses(resources))).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => [`cache-${index}`, `10.201.7.1${index}`]),
    );
    expect(resources.find(({ name }) => name === "cache-3-server")?.inputs.live).toMatchObject({
      bind: "10.201.7.13 127.0.0.1",
      "cluster-announce-ip": "10.201.7.13",
      "cluster-announce-port": "7003",
      "cluster-announce-bus-port": "17003",
      "replica-announce-ip": "10.201.7.13",
      "replica-announce-port": "7003",
    });
  });

  it("one node after the other: replicas, primaries, sentinels; each when the server before it is back", async () => {
    for (const [make, order] of [
      [() => new RedisSentinel("cache", args), ["1", "2", "0", "sentinel-0", "sentinel-1", "sentinel-2"]],
      [() => new RedisCluster("cache", args), ["3", "4", "5", "0", "1", "2"]],
    ] as const) {
      const before = { Passwords: { createdIn: "an earlier run" } };
      const names = (await registeredInOrder(make, before)).map(({ name }) => name);
      const chain = order.flatMap((node) => [`cache-${node}-turn`, `cache-${node}`, `cache-${node}-server`]);
      expect(names.filter((name) => chain.includes(name))).toEqual(chain);
      const first = ["cache-host", "cache-image-server", "cache-network", chain[0]];
      expect(names.filter((name) => first.includes(name))).toEqual(first);
    }
  });

  it("all nodes side by side where the topology is new, each with its turn, its container and its server", async () => {
    const names = (await registeredInOrder(() => new RedisCluster("cache", args))).map(({ name }) => name);
    const at = (name: string) => names.indexOf(name);
    const nodes = [0, 1, 2, 3, 4, 5].map((index) => `cache-${index}`);
    for (const node of nodes) {
      const own = ["cache-network", `${node}-turn`, node, `${node}-server`, "cache-formation"].map(at);
      expect(own, node).toEqual(own.toSorted((a, b) => a - b));
    }
    const turns = nodes.map((node) => at(`${node}-turn`));
    const servers = nodes.map((node) => at(`${node}-server`));
    expect(Math.max(...turns)).toBeLessThan(Math.min(...servers));
  });

  it("an update of a topology from before Hearth knew when it was made is one node after the other", async () => {
    const before = { Passwords: { createdIn: undefined } };
    const names = (await registeredInOrder(() => new RedisCluster("cache", args), before)).map(({ name }) => name);
    expect(names.indexOf("cache-3-server")).toBeLessThan(names.indexOf("cache-4-turn"));
  });
});

describe("the containers", () => {
  it("a node's is hardened, and not started before its files are there", async () => {
    const resources = await registered(
      () => new RedisStandalone("cache", { ...args, memory: "300mb", exporters: false }),
    );
    const [container] = containers(resources);
    expect(container?.inputs).toEqual({
      name: "hearth-test-cache-0",
      image: "id of redis:7-alpine",
      hostname: "cache-0",
      entrypoints: ["sh", "/data/node/start.sh"],
      command: ["/data/node/redis.conf"],
      user: "999:999",
      start: false,
      mustRun: false,
      restart: "unless-stopped",
      readOnly: true,
      privileged: false,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      ulimits: [
        { name: "nofile", soft: 65_535, hard: 65_535 },
        { name: "core", soft: 0, hard: 0 },
      ],
      memory: 400,
      memorySwap: 400,
      mounts: [{ type: "volume", source: "hearth-test-cache-0", target: "/data" }],
      networkMode: "bridge",
      networksAdvanced: [{ name: "hearth-test-cache", ipv4Address: "10.201.7.10", aliases: ["cache-0"] }],
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      healthcheck: {
        ...{ tests: ["CMD", "sh", "/data/node/health.sh"], interval: "10s", timeout: "5s" },
        ...{ startPeriod: "30s", startInterval: "0s", retries: 3 },
      },
      stopTimeout: 60,
      destroyGraceSeconds: 60,
      labels: [
        { label: "hearth.project", value: "hearth" },
        { label: "hearth.stack", value: "test" },
        { label: "hearth.cache", value: "cache" },
        { label: "hearth.topology", value: "standalone" },
        { label: "hearth.node", value: "cache-0" },
        { label: "hearth.role", value: "primary" },
      ],
    });
  });

  it("every one of every topology is hardened, exporters too", async () => {
    const all = { ...args, tls: "generated" } as const;
    for (const make of [
      () => new RedisStandalone("cache", all),
      () => new RedisSentinel("cache", all),
      () => new RedisCluster("cache", all),
    ]) {
      for (const { name, inputs } of containers(await registered(make))) {
        expect(inputs, name).toMatchObject({
          ...{ readOnly: true, privileged: false, capabilities: { drops: ["ALL"] }, start: false, mustRun: false },
          securityOpts: [expect.stringMatching(/^no-new-privileges/)],
          user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
          ulimits: expect.arrayContaining([{ name: "nofile", soft: 65_535, hard: 65_535 }]),
          ...{ memory: expect.any(Number), restart: "unless-stopped", logOpts: { "max-size": "10m", "max-file": "3" } },
        });
        expect(inputs).not.toHaveProperty("envs");
        expect(inputs).not.toHaveProperty("uploads");
        expect(inputs).not.toHaveProperty("ports");
        expect(JSON.stringify(inputs), name).not.toMatch(/generated-|key of/);
      }
    }
  });

  it("a memory limit that is given is the container's, and a sentinel has its own", async () => {
    const resources = await registered(() => new RedisSentinel("cache", { ...args, memoryLimit: "1gb" }));
    const memory = Object.fromEntries(containers(resources).map(({ name, inputs }) => [name, inputs.memory]));
    expect(memory).toMatchObject({ "cache-0": 1024, "cache-2": 1024, "cache-sentinel-1": 64 });
  });

  it("published ports are the planned ones, on loopback or on the address that is given", async () => {
    const ports = async (publish: boolean | string) => {
      const published = { ...args, docker: { ...args.docker, publish }, exporters: false };
      const resources = await registered(() => new RedisSentinel("cache", published));
      return containers(resources).map(({ inputs }) => inputs.ports);
    };
    const planned = [6379, 6380, 6381, 26379, 26380, 26381];
    const on = (ip: string) => planned.map((port) => [{ internal: port, external: port, ip, protocol: "tcp" }]);
    expect(await ports(true)).toEqual(on("127.0.0.1"));
    expect(await ports("10.0.0.5")).toEqual(on("10.0.0.5"));
    expect(await ports(false)).toEqual(planned.map(() => undefined));
  });

  it("certificates name the address, the published address and the container", async () => {
    const published = { ...args, docker: { ...args.docker, publish: "10.0.0.5" }, tls: "generated" } as const;
    const resources = await registered(() => new RedisStandalone("cache", published));
    expect(resources.find(({ name }) => name === "cache-certificates")?.inputs.nodes).toEqual([
      {
        name: "cache-0",
        hosts: ["10.201.7.10", "10.0.0.5", "hearth-test-cache-0", "cache-0", "127.0.0.1", "localhost", "::1"],
      },
    ]);
  });
});

describe("a turn", () => {
  const turns = async (more: object) => {
    const resources = await registered(() => new RedisStandalone("cache", { ...args, ...more }));
    return resources.find(({ name }) => name === "cache-0-turn")?.inputs.definition as Record<string, string>;
  };

  it("knows what makes another container", async () => {
    expect(await turns({})).toEqual({
      ...{ image: "id of redis:7-alpine", address: "10.201.7.10", published: "no" },
      ...{ user: "999:999", openFiles: "65535", settings: expect.stringMatching(/^[0-9a-f]{8}$/) },
    });
    const before = await turns({});
    for (const [docker, key] of [
      [{ image: "redis:8" }, "image"],
      [{ publish: true }, "published"],
      [{ user: "1000:1000" }, "user"],
      [{ openFiles: 2048 }, "openFiles"],
    ] as const) {
      const now = await turns({ docker: { ...args.docker, ...docker } });
      expect(now[key]).not.toBe(before[key]);
    }
  });

  it("makes another container of inputs whose update the provider only claims", async () => {
    const replacing: unknown[] = [];
    const transformation: ResourceTransformation = ({ type, name, opts }) => {
      if (type === "docker:index/container:Container" && name === "cache-0") replacing.push(opts.replaceOnChanges);
      return undefined;
    };
    await registered(() => new RedisStandalone("cache", args, { transformations: [transformation] }));
    expect(replacing).toEqual([["healthcheck", "init", "tmpfs"]]);
    const made = { node: { port: 6379 }, address: "10.201.7.10", docker: { owner: { uid: 999, gid: 999 } } };
    const settings = (more: object) =>
      definitionOf({ name: "cache-0", memory: 64, ...more }, made as NodeContainer, "an image").settings;
    for (const key of ["healthcheck", "init", "tmpfs"]) expect(settings({ [key]: {} }), key).not.toBe(settings({}));
    expect(settings({ memory: 128 })).toBe(settings({}));
  });

  it("is not taken for what is changed while the container runs", async () => {
    expect(await turns({ memory: "1gb", persistence: "aof", hz: 20 })).toEqual(await turns({}));
  });
});

describe("the engine", () => {
  it("is asked for by a provider of the component's own where the arguments name it", async () => {
    const named = { ...args, docker: { ...args.docker, host: "ssh://lab" }, exporters: false };
    const resources = await registered(() => new RedisStandalone("cache", named));
    expect(resources.find(({ type }) => type === "pulumi:providers:docker")).toMatchObject({
      name: "cache-docker",
      inputs: { host: "ssh://lab" },
    });
    for (const name of ["cache-host", "cache-0-turn", "cache-0-server"]) {
      expect(resources.find((one) => one.name === name)?.inputs.docker, name).toEqual({ host: "ssh://lab" });
    }
  });

  it("is looked up once: @pulumi/docker is told what the operations are", async () => {
    const resources = await registered(() => new RedisCluster("cache", args));
    expect(resources.find(({ type }) => type === "pulumi:providers:docker")?.inputs).toMatchObject(engine);
    const told = resources.filter(({ inputs }) => "docker" in inputs);
    expect(told.length).toBeGreaterThan(12);
    for (const { name, inputs } of told) expect(inputs.docker, name).toEqual(engine);
  });

  it("is not looked for where @pulumi/docker would go elsewhere", async () => {
    vi.stubEnv("DOCKER_CONTEXT", "default");
    try {
      const named = { ...args, docker: { ...args.docker, host: "ssh://lab" } };
      await expect(registered(() => new RedisStandalone("cache", named))).rejects.toThrow(
        "DOCKER_CONTEXT names the engine unix:///run/engine.sock, which Pulumi's Docker provider would use, and docker.host says ssh://lab: run Pulumi without DOCKER_CONTEXT",
      );
    } finally {
      vi.stubEnv("DOCKER_CONTEXT", "");
    }
  });

  it("is that of a provider which the component is given", async () => {
    const resources = await registered(() => {
      const provider = new docker.Provider("lab", { host: "tcp://lab:2376", certPath: "/certs" });
      return new RedisStandalone("cache", { ...args, exporters: false }, { providers: { docker: provider } });
    });
    expect(list(resources).filter((one) => one.includes("providers"))).toEqual(["pulumi:providers:docker lab"]);
    expect(resources.find(({ name }) => name === "cache-0-server")?.inputs.docker).toEqual({
      ...{ host: "tcp://lab:2376", certPath: "/certs" },
    });
  });
});

describe("secrets", () => {
  it("are in no label, environment or argument of what the Docker provider makes", async () => {
    const resources = await registered(() => new RedisStandalone("cache", { ...args, tls: "generated" }));
    for (const { type, name, inputs } of resources.filter((one) => one.type.startsWith("docker:"))) {
      expect(JSON.stringify(inputs), `${type} ${name}`).not.toContain("generated-");
    }
  });

  it("clients of published ports have an endpoint of their own, with what the nodes call each other", async () => {
    await registered(async () => {
      const { published } = new RedisCluster("cache", { ...args, docker: { ...args.docker, publish: true } });
      expect(await isSecret(published)).toBe(true);
      const endpoint = await resolved(published);
      expect(endpoint?.nodes[5]).toEqual({ host: "127.0.0.1", port: 7005 });
      expect(endpoint).toMatchObject({ natMap: { "10.201.7.15:7005": { host: "127.0.0.1", port: 7005 } } });
      expect(await resolved(new RedisStandalone("other", args).published)).toBeUndefined();
    });
  });

  it("the endpoint is one, at the addresses of the containers", async () => {
    await registered(async () => {
      const { endpoint, nodes, runner, scrapeConfig } = new RedisCluster("cache", args);
      expect(await isSecret(endpoint)).toBe(true);
      expect((await resolved(endpoint)).nodes[5]).toEqual({ host: "10.201.7.15", port: 7005 });
      expect((await resolved(nodes)).map(({ host }) => host)).toContain("10.201.7.13");
      expect(await resolved(runner)).toEqual({
        ...{ mode: "auto", docker: engine, network: "hearth-test-cache", image: "node:24-alpine" },
      });
      expect((await resolved(scrapeConfig))?.targets).toHaveLength(6);
    });
  });
});

function addresses(resources: readonly Registered[]): Record<string, string> {
  const address = ({ inputs }: Registered) => (inputs.networksAdvanced as { ipv4Address: string }[])[0]?.ipv4Address;
  return Object.fromEntries(containers(resources).map((one) => [one.name, address(one) ?? ""]));
}
