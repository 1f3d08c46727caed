import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readStackConfig, type StackConfig } from "../../../infra/config.ts";
import { configKeys, configTable, topologiesOf } from "../../../infra/config-keys.ts";
import { checkDeployment, topologies } from "../../../infra/plan/check.ts";
import { RefusalError } from "../../../infra/plan/refusals.ts";

type Values = Record<string, string>;

function read(values: Values, secretKeys?: string[]): StackConfig {
  const keys = Object.keys(values).map((key) => `hearth:${key}`);
  return readStackConfig((key) => values[key], [...keys, "aws:region", "pulumi:tags"], secretKeys);
}

/** What is said about the configuration, one line for each key; warming is off unless it is the subject. */
function said(values: Values, secretKeys?: string[]): string[] {
  try {
    read({ warm: "off", ...values }, secretKeys);
  } catch (error) {
    if (error instanceof RefusalError) return error.refusals.map(({ property, message }) => `${property}: ${message}`);
    throw error;
  }
  return [];
}

const keys = configKeys.map(({ key }) => key).join(", ");
const aSource = '"demo", or a URL such as postgresql://user:password@host:5432/database as a secret';
const demo = { warm: "on", source: "demo" };

describe("a configuration that is accepted", () => {
  it("is typed, with the defaults of warming", () => {
    const values = { target: "local", port: "6390", database: "1", memory: "1gb", source: "demo" };
    expect(read(values, [])).toEqual({
      topology: "standalone",
      args: { target: "local", port: 6390, database: 1, memory: "1gb" },
      target: "local",
      warming: {
        source: "demo",
        plan: "meal-planner",
        gate: { minKeys: 1, minHitRatio: 0.9, onNoTraffic: "fail" },
        when: "change",
        deadlineMs: 300_000,
      },
    });
  });

  it("may say everything", () => {
    const url = "postgresql://reader:p%40ss@db:5432/shop";
    const values = {
      topology: "sentinel",
      replicas: "3",
      sentinels: "5",
      quorum: "3",
      masterName: "shop",
      downAfter: "2 seconds",
      failoverTimeout: "1 minute",
      password: "0123456789abcdef",
      directives: '{"maxmemory-samples": "10"}',
      source: url,
      plan: "./warm.yaml",
      minKeys: "1000",
      minHitRatio: "0.75",
      onNoTraffic: "warn",
      when: "always",
      deadline: "90 seconds",
      keysPerSecond: "5000",
      bytesPerSecond: "10mb",
      latencyCeiling: "2 ms",
      headroom: "0.25",
      onBusy: "fail",
    };
    expect(read(values, ["hearth:password", "source"])).toEqual({
      topology: "sentinel",
      args: {
        replicas: 3,
        sentinels: 5,
        quorum: 3,
        masterName: "shop",
        downAfter: "2 seconds",
        failoverTimeout: "1 minute",
        password: "0123456789abcdef",
        extraDirectives: { "maxmemory-samples": "10" },
      },
      target: "local",
      warming: {
        source: { url },
        plan: "./warm.yaml",
        gate: { minKeys: 1000, minHitRatio: 0.75, onNoTraffic: "warn" },
        when: "always",
        deadlineMs: 90_000,
        controls: {
          keysPerSecond: 5000,
          bytesPerSecond: 10_485_760,
          latencyCeilingMs: 2,
          headroom: 0.25,
          onBusy: "fail",
        },
      },
    });
  });

  it("of the target docker sets the parts of its argument", () => {
    const values = {
      ...{ target: "docker", image: "redis:7.2", subnet: "10.9.0.0/24", publish: "true", exporters: "false" },
      ...{ dockerHost: "unix:///run/docker.sock", containerUser: "1001:1001", openFiles: "20000", runner: "here" },
      ...{ runnerImage: "node:22", exporterImage: "team/exporter:1", warm: "off" },
    };
    expect(read(values)).toEqual({
      topology: "standalone",
      args: {
        target: "docker",
        exporters: false,
        docker: {
          ...{ image: "redis:7.2", exporterImage: "team/exporter:1", subnet: "10.9.0.0/24", publish: true },
          ...{ host: "unix:///run/docker.sock", user: "1001:1001", openFiles: 20_000, runner: "here" },
          runnerImage: "node:22",
        },
      },
      target: "docker",
    });
    const published = read({ target: "docker", publish: "10.0.0.7", dockerContext: "lab", warm: "off" });
    expect(published.args.docker).toEqual({ publish: "10.0.0.7", context: "lab" });
  });

  it("of the target kubernetes sets the parts of its argument", () => {
    const values = {
      ...{
        target: "kubernetes",
        image: "redis:7.2",
        namespace: "shop",
        kubeContext: "prod",
        containerUser: "1001:1001",
      },
      ...{
        storage: "4gb",
        storageClass: "fast",
        cpu: "500m",
        cpuLimit: "2",
        exporters: "false",
        runnerImage: "node:22",
      },
      ...{ clientPods: '[{"labels": {"app": "web"}}]', serviceMonitor: "false", kubeconfig: "./kubeconfig" },
      ...{ source: "demo", shards: "4" },
    };
    const { args, target, warming } = read(values);
    expect(args).toEqual({
      target: "kubernetes",
      exporters: false,
      kubernetes: {
        ...{ image: "redis:7.2", namespace: "shop", context: "prod", kubeconfig: "./kubeconfig", user: "1001:1001" },
        ...{ storage: "4gb", storageClass: "fast", cpu: "500m", cpuLimit: "2", runnerImage: "node:22" },
        ...{ clients: [{ labels: { app: "web" } }], serviceMonitor: false },
      },
    });
    expect([target, warming?.shards]).toEqual(["kubernetes", 4]);
  });

  it.each(["dev", "staging", "prod"])("is that of the stack %s", (stack) => {
    const file = resolve(import.meta.dirname, `../../../Pulumi.${stack}.yaml`);
    const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, string> };
    const read = readStackConfig((key) => config[`hearth:${key}`], Object.keys(config), []);
    expect(read.target).toBe({ dev: "local", staging: "kubernetes", prod: "docker" }[stack]);
    expect(read.warming?.gate).toMatchObject({ minKeys: 1000, minHitRatio: 0.9 });
  });

  it("may leave warming out", () => {
    expect(read({ topology: "cluster", warm: "off" })).toEqual({ topology: "cluster", args: {}, target: "local" });
  });
});

describe("a configuration with a problem", () => {
  it.each<[Values, string]>([
    [{ memmory: "1gb" }, `hearth:memmory: is not a key of Hearth, which has ${keys}; did you mean "memory"?`],
    [{ xyz: "1" }, `hearth:xyz: is not a key of Hearth, which has ${keys}`],
    [
      { topology: "clutser" },
      'hearth:topology: "clutser" is not known: choose one of "standalone", "sentinel", "cluster"; did you mean "cluster"?',
    ],
    [
      { target: "locl" },
      'hearth:target: "locl" is not known: choose one of "local", "docker", "kubernetes"; did you mean "local"?',
    ],
    [
      { image: "redis:7" },
      "hearth:image: belongs to the targets docker and kubernetes, and hearth:target is local: run pulumi config rm hearth:image, or set hearth:target to docker or kubernetes",
    ],
    [
      { target: "kubernetes", publish: "true" },
      "hearth:publish: belongs to the target docker, and hearth:target is kubernetes: run pulumi config rm hearth:publish, or set hearth:target to docker",
    ],
    [
      { ...demo, target: "docker", shards: "4" },
      "hearth:shards: belongs to the target kubernetes, and hearth:target is docker: run pulumi config rm hearth:shards, or set hearth:target to kubernetes",
    ],
    [
      { target: "kubernetes", shards: "100" },
      "hearth:shards: 100 is not allowed: write a whole number from 1 to 64, such as 1",
    ],
    [
      { target: "kubernetes", clientPods: "app=web" },
      'hearth:clientPods: "app=web" is not JSON: write an object such as [{"labels": {"app": "web"}}]',
    ],
    [
      { target: "kubernetes", clientPods: '[{"labels": {}}]' },
      'hearth:clientPods.0: {"labels":{}} names no labels: write [{ labels: { app: "web" } }], with namespace: "shop" where they are in another one',
    ],
    [
      { target: "kubernetes", kubeContext: "" },
      'hearth:kubeContext: "" says nothing: leave it out for the current one',
    ],
    [
      { target: "docker", dockerHost: "/var/run/docker.sock" },
      'hearth:dockerHost: "/var/run/docker.sock" is not where an engine is: write unix://..., tcp://..., ssh://..., npipe://...; did you mean "unix:///var/run/docker.sock"?',
    ],
    [
      { target: "docker", openFiles: "many" },
      'hearth:openFiles: "many" is not a number: write a whole number from 1024 to 1048576',
    ],
    [
      { quorum: "2" },
      "hearth:quorum: belongs to the topology sentinel, and hearth:topology is standalone: run pulumi config rm hearth:quorum, or set hearth:topology to sentinel",
    ],
    [
      { topology: "cluster", database: "1" },
      "hearth:database: belongs to the topologies standalone and sentinel, and hearth:topology is cluster: run pulumi config rm hearth:database, or set hearth:topology to standalone or sentinel",
    ],
    [{ port: "http" }, 'hearth:port: "http" is not a port: write a port from 1024 to 65535, such as 6379'],
    [{ database: "16" }, "hearth:database: 16 is not allowed: write a whole number from 0 to 15, such as 0"],
    [{ database: "one" }, 'hearth:database: "one" is not a number: write a whole number from 0 to 15'],
    [{ topology: "sentinel", quorum: "4" }, "hearth:quorum: 4 of 3 sentinels can never agree: write 2 to 3"],
    [
      { password: "short" },
      "hearth:password: has 5 characters: write 16 to 512, or leave it out to have one generated",
    ],
    [{ encodings: "64" }, "hearth:encodings: 64 is not a set of arguments: write { hashMaxListpackValue: 128 }"],
    [
      { encodings: "hash" },
      'hearth:encodings: "hash" is not JSON: write an object such as {"hashMaxListpackValue": 128}',
    ],
    [
      { slowlog: '{"maxLen": -1}' },
      "hearth:slowlog.maxLen: -1 is not allowed: write a whole number from 0 to 1000000, such as 128",
    ],
    [{ lazyfree: "maybe" }, 'hearth:lazyfree: "maybe" is neither true nor false: write one of them'],
    [{ ioThreads: "many" }, 'hearth:ioThreads: "many" is not a number: write a whole number from 1 to 128'],
    [{ directives: "{" }, 'hearth:directives: "{" is not JSON: write an object such as {"maxmemory-samples": "10"}'],
    [
      { directives: "[1]" },
      'hearth:directives: [1] is not a set of directives: write their names with their values, as in { "maxmemory-samples": "10" }',
    ],
    [{ directives: '{"port":"1"}' }, "hearth:directives.port: is set by the argument port: use that"],
    [{ warm: "true" }, 'hearth:warm: "true" is not known: choose one of "on", "off"'],
    [{ warm: "on" }, `hearth:source: is missing: write ${aSource}; or set hearth:warm to off`],
    [{ warm: "on", source: "Demo" }, `hearth:source: "Demo" is not a source: write ${aSource}; did you mean "demo"?`],
    [{ warm: "on", source: "mysql://u:secret@h/d" }, `hearth:source: the value is not a source: write ${aSource}`],
    [
      { warm: "on", source: "postgres://u:secret@h/d" },
      "hearth:plan: is missing: write the path of a warm plan, YAML or JSON, or the name of one of Hearth's",
    ],
    [
      { ...demo, minKeys: "-1" },
      "hearth:minKeys: -1 is not allowed: write a whole number from 0 to 1000000000000, such as 1",
    ],
    [
      { ...demo, minHitRatio: "90" },
      "hearth:minHitRatio: 90 is not a share: write a number from 0 to 1, such as 0.9; did you mean 0.9?",
    ],
    [
      { ...demo, minHitRatio: "75%" },
      'hearth:minHitRatio: "75%" is not a share: write a number from 0 to 1, such as 0.9; did you mean 0.75?',
    ],
    [
      { ...demo, minHitRatio: "high" },
      'hearth:minHitRatio: "high" is not a share: write a number from 0 to 1, such as 0.9',
    ],
    [
      { ...demo, onNoTraffic: "ignore" },
      'hearth:onNoTraffic: "ignore" is not known: choose one of "fail", "warn", "pass"',
    ],
    [
      { ...demo, when: "allways" },
      'hearth:when: "allways" is not known: choose one of "change", "always"; did you mean "always"?',
    ],
    [
      { ...demo, deadline: "2 days" },
      'hearth:deadline: "2 days" is not allowed: write "1 second" to "1 day", such as "5 minutes"',
    ],
    [
      { ...demo, keysPerSecond: "0" },
      "hearth:keysPerSecond: 0 is not allowed: write a whole number from 1 to 1000000000, such as 5000",
    ],
    [
      { ...demo, bytesPerSecond: "10" },
      'hearth:bytesPerSecond: "10" is too little: write "1000" to "1024gb", such as "10mb"; did you mean "10mb"?',
    ],
    [
      { ...demo, latencyCeiling: "2 minutes" },
      'hearth:latencyCeiling: "2 minutes" is not allowed: write "0 seconds" to "1 minute", such as "5 ms"',
    ],
    [
      { ...demo, headroom: "20" },
      "hearth:headroom: 20 is not a share: write a number from 0 to 1, such as 0.1; did you mean 0.2?",
    ],
    [{ ...demo, onBusy: "queue" }, 'hearth:onBusy: "queue" is not known: choose one of "wait", "fail"'],
  ])("%j", (values, message) => {
    expect(said(values)).toEqual([message]);
  });

  it("with plain secrets is refused without naming them", () => {
    const values = {
      ...demo,
      source: "postgresql://u:hunter2@h/d",
      plan: "p.yaml",
      password: "hunter2-hunter2-hunter2",
    };
    expect(said(values, [])).toEqual([
      "hearth:password: is in plain text in the stack's file: run pulumi config set --secret hearth:password",
      "hearth:source: is in plain text in the stack's file: run pulumi config set --secret hearth:source",
    ]);
    expect(said(values, ["hearth:password", "hearth:source"])).toEqual([]);
  });

  it("is refused with all of them at once", () => {
    expect(() => read({ topology: "cluster", memory: "1", primaries: "1", source: "demo", when: "never" })).toThrow(
      "3 problems with the stack's configuration:\n - hearth:memory: ",
    );
  });
});

describe("the table of keys", () => {
  it("names arguments that exist, and every default is accepted", () => {
    for (const entry of configKeys.filter(({ argument }) => argument !== undefined)) {
      expect(topologiesOf(entry).length, entry.key).toBeGreaterThan(0);
    }
    for (const topology of Object.keys(topologies)) {
      expect(
        checkDeployment("cache", { topology, args: {} } as Parameters<typeof checkDeployment>[1]).refusals,
      ).toEqual([]);
    }
  });

  it("is printed for the README", () => {
    const rows = configTable().split("\n");
    expect(rows).toHaveLength(configKeys.length + 2);
    expect(rows).toContain("| `hearth:replicas` | 1-10 | `2` | Sentinel only. Replicas beside the primary. |");
  });
});
