import { isSecret } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../contract/endpoint.ts";
import { RedisCluster, RedisSentinel, RedisStandalone } from "../../infra/index.ts";
import { type Registered, registered, resolved } from "../support/mocks.ts";

const list = (resources: Registered[]) => resources.map(({ type, name }) => `${type} ${name}`);
const dynamic = "pulumi-nodejs:dynamic/hearth";

describe("the children of a component", () => {
  it("standalone: passwords, the host, one process, formation and readiness", async () => {
    const resources = await registered(() => new RedisStandalone("cache"));
    expect(list(resources)).toEqual([
      "hearth:index:RedisStandalone cache",
      `${dynamic}:RedisProcess cache-0`,
      `${dynamic}:Formation cache-formation`,
      `${dynamic}:LocalHost cache-host`,
      `${dynamic}:HostTuning cache-host-tuning`,
      `${dynamic}:Passwords cache-passwords`,
      `${dynamic}:Readiness cache-readiness`,
    ]);
  });

  it("sentinel: three data nodes and three sentinels", async () => {
    const resources = await registered(() => new RedisSentinel("cache"));
    const processes = resources.filter(({ type }) => type.endsWith(":RedisProcess"));
    expect(processes.map(({ name, inputs }) => `${name} ${inputs.kind} ${inputs.role} ${inputs.port}`)).toEqual([
      "cache-0 redis primary 6379",
      "cache-1 redis replica 6380",
      "cache-2 redis replica 6381",
      "cache-sentinel-0 sentinel sentinel 26379",
      "cache-sentinel-1 sentinel sentinel 26380",
      "cache-sentinel-2 sentinel sentinel 26381",
    ]);
    for (const { inputs } of processes) {
      expect(inputs.monitor).toMatchObject({
        masterName: "mymaster",
        quorum: 2,
        primary: { host: "127.0.0.1", port: 6379 },
      });
    }
  });

  it("cluster: six nodes, each replica on an index that is not its primary's", async () => {
    const resources = await registered(() => new RedisCluster("cache", { port: 7100 }));
    const processes = resources.filter(({ type }) => type.endsWith(":RedisProcess"));
    expect(processes.map(({ name, inputs }) => `${name} ${inputs.role} ${inputs.shard} ${inputs.port}`)).toEqual([
      "cache-0 primary 0 7100",
      "cache-1 primary 1 7101",
      "cache-2 primary 2 7102",
      "cache-3 replica 1 7103",
      "cache-4 replica 2 7104",
      "cache-5 replica 0 7105",
    ]);
    const host = resources.find(({ type }) => type.endsWith(":LocalHost"));
    const ports = [7100, 17100, 7101, 17101, 7102, 17102, 7103, 17103, 7104, 17104, 7105, 17105];
    expect(host?.inputs.ports).toMatchObject(ports.map((port) => ({ port, host: "127.0.0.1" })));
  });

  it("a given password is used, and the others are generated", async () => {
    const password = "a password of my own";
    let endpoints: Promise<Record<string, Endpoint>> | undefined;
    const resources = await registered(() => {
      endpoints = resolved(new RedisStandalone("cache", { password }).endpoints);
      return endpoints;
    });
    expect((await endpoints)?.app?.password).toBe(password);
    expect((await endpoints)?.operator?.password).toBe("generated-operator");
    const process = resources.find(({ name }) => name === "cache-0");
    expect(JSON.stringify(process?.inputs.acl)).not.toContain(password);
  });

  it("the firewall is one more child where it is applied, an output where it is printed, and else nothing", async () => {
    const args = { clients: ["10.0.0.0/24"], bind: "10.0.0.5" };
    const applied = await registered(() => new RedisStandalone("cache", { ...args, firewall: "apply" }));
    const rules = applied.find(({ type }) => type === `${dynamic}:Firewall`)?.inputs.ruleset;
    expect(rules).toContain("10.0.0.0/24");
    let printed: Promise<unknown> | undefined;
    const shown = await registered(() => {
      printed = resolved(new RedisStandalone("cache", { ...args, firewall: "print" }).firewall);
      return printed;
    });
    expect(list(shown)).not.toContain(`${dynamic}:Firewall cache-firewall`);
    expect(await printed).toMatchObject({ nftables: expect.stringContaining("10.0.0.0/24") });
  });

  it("nothing of the machine is looked at where hostTuning is off", async () => {
    const resources = await registered(() => new RedisStandalone("cache", { hostTuning: "off" }));
    expect(list(resources)).not.toContain(`${dynamic}:HostTuning cache-host-tuning`);
  });

  it("certificates are one more child with TLS, for every name of every node; the key of each goes to its node alone", async () => {
    const resources = await registered(() => new RedisSentinel("cache", { tls: { hosts: ["cache.example.org"] } }));
    expect(list(resources)).toContain(`${dynamic}:Certificates cache-certificates`);
    const certificates = resources.find(({ name }) => name === "cache-certificates");
    const hosts = ["127.0.0.1", "::1", "localhost", "cache.example.org"];
    const names = [...["cache-0", "cache-1", "cache-2"], ...[0, 1, 2].map((index) => `cache-sentinel-${index}`)];
    expect(certificates?.inputs).toMatchObject({
      name: "cache",
      nodes: names.map((name) => ({ name, hosts })),
      ...{ validityDays: 365, renewBeforeDays: 30, rotation: "" },
    });
    for (const { name, inputs } of resources.filter(({ type }) => type.endsWith(":RedisProcess"))) {
      const plain = { ca: "authority", cert: `certificate of ${name}`, key: `key of ${name}`, authClients: "no" };
      expect(inputs.serverTls).toMatchObject({ value: plain });
      expect(inputs.tls).toMatchObject({ value: { ca: "authority" } });
    }
    for (const name of ["cache-formation", "cache-readiness"]) {
      expect(resources.find((one) => one.name === name)?.inputs.tls).toMatchObject({ value: { ca: "authority" } });
    }
  });

  it("an endpoint holds the authority with TLS, and with mutual a certificate", async () => {
    const own = { ca: "authority", cert: "certificate of a client", key: "key of a client" };
    for (const [tls, expected] of [
      ["generated", { ca: "authority" }],
      [{ mutual: true }, own],
    ] as const) {
      let made: Promise<[Endpoint, string]> | undefined;
      await registered(() => {
        const { endpoint, url } = new RedisStandalone("cache", { tls });
        made = Promise.all([resolved(endpoint), resolved(url)]);
        return made;
      });
      const [endpoint, url] = (await made) ?? [];
      expect(endpoint?.tls).toEqual(expected);
      expect(url).toMatch(/^rediss:/);
    }
  });

  it("a refused argument leaves nothing registered", async () => {
    const resources = await registered(() => {
      expect(() => new RedisCluster("cache", { primaries: 2 })).toThrow(/primaries/);
    });
    expect(resources).toEqual([]);
  });
});

describe("the outputs of a component", () => {
  it("are what clients connect with, and secret", async () => {
    await registered(async () => {
      const { endpoint, url, nodes } = new RedisSentinel("cache", { port: 7200, sentinelPort: 7300, database: 3 });
      const at = (port: number) => ({ host: "127.0.0.1", port });
      expect(await resolved(endpoint)).toEqual({
        topology: "sentinel",
        masterName: "mymaster",
        sentinels: [at(7300), at(7301), at(7302)],
        nodes: [at(7200), at(7201), at(7202)],
        database: 3,
        username: "app",
        password: "generated-app",
        sentinelUsername: "app",
        sentinelPassword: "generated-app",
      });
      expect(await resolved(url)).toBe(
        "redis-sentinel://app:generated-app@127.0.0.1:7300,127.0.0.1:7301,127.0.0.1:7302/3#mymaster",
      );
      expect(await isSecret(endpoint)).toBe(true);
      expect(await isSecret(url)).toBe(true);
      expect((await resolved(nodes)).map(({ name }) => name)).toEqual([
        ...["cache-0", "cache-1", "cache-2"],
        ...["cache-sentinel-0", "cache-sentinel-1", "cache-sentinel-2"],
      ]);
    });
  });

  it("a special character of the password is escaped in the URL", async () => {
    await registered(async () => {
      const { url } = new RedisStandalone("cache", { password: "p@ss:word/with#all?%" });
      expect(await resolved(url)).toBe("redis://app:p%40ss%3Aword%2Fwith%23all%3F%25@127.0.0.1:6379/0");
    });
  });
});
