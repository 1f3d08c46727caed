import { describe, expect, it } from "vitest";
import { planCluster, planStandalone } from "../../../infra/plan/topology.ts";
import { said } from "../../support/said.ts";

const anImage = (fallback: string) =>
  `is not the name of an image: write a name with a tag or a digest, such as "${fallback}"`;
const aSubnet = 'write a private IPv4 network of /16 to /28, such as "10.201.0.0/24"';
const ranges = "(10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16)";
const aUser = 'write two numbers, user and group, such as "999:999"';
const anEngine = "is not where an engine is: write unix://..., tcp://..., ssh://..., npipe://...";
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("arguments of the target docker", () => {
  it.each<[object, string]>([
    [{ image: "Redis:7" }, `docker.image: "Redis:7" ${anImage("redis:7-alpine")}; did you mean "redis:7"?`],
    [{ image: "redis 7" }, `docker.image: "redis 7" ${anImage("redis:7-alpine")}; did you mean "redis:7"?`],
    [{ image: `redis@${digest}0` }, `docker.image: "redis@${digest.slice(0, 50)}... ${anImage("redis:7-alpine")}`],
    [{ image: 7 }, "docker.image: 7 is not a text: write it in quotes"],
    [
      { exporterImage: "exporter:" },
      `docker.exporterImage: "exporter:" ${anImage("oliver006/redis_exporter:v1.62.0")}`,
    ],
    [{ runnerImage: "" }, `docker.runnerImage: "" ${anImage("node:24-alpine")}`],
    [{ subnet: "10.201.0.0" }, `docker.subnet: "10.201.0.0" is not an IPv4 network: ${aSubnet}`],
    [{ subnet: "fd00::/64" }, `docker.subnet: "fd00::/64" is not an IPv4 network: ${aSubnet}`],
    [
      { subnet: "10.201.0.7/24" },
      'docker.subnet: "10.201.0.7/24" has bits set behind its first 24: write "10.201.0.0/24"',
    ],
    [
      { subnet: "8.8.8.0/24" },
      `docker.subnet: "8.8.8.0/24" is not private, so that its addresses belong to others: ${aSubnet} ${ranges}`,
    ],
    [
      { subnet: "172.16.0.0/11" },
      'docker.subnet: "172.16.0.0/11" has bits set behind its first 11: write "172.0.0.0/11"',
    ],
    [{ subnet: "10.0.0.0/8" }, `docker.subnet: "10.0.0.0/8" has the wrong size: ${aSubnet}`],
    [{ subnet: "10.201.0.0/29" }, `docker.subnet: "10.201.0.0/29" has the wrong size: ${aSubnet}`],
    [
      { publish: "localhost" },
      'docker.publish: "localhost" is not an address: write true for 127.0.0.1, an IPv4 address of the engine\'s machine, or false; did you mean "127.0.0.1"?',
    ],
    [
      { publish: "true" },
      'docker.publish: "true" is not an address: write true for 127.0.0.1, an IPv4 address of the engine\'s machine, or false; did you mean true?',
    ],
    [{ host: "10.0.0.7:2375" }, `docker.host: "10.0.0.7:2375" ${anEngine}; did you mean "tcp://10.0.0.7:2375"?`],
    [{ host: "unix://" }, `docker.host: "unix://" ${anEngine}`],
    [{ context: "a b" }, 'docker.context: "a b" is not the name of a context: write one that docker context ls shows'],
    [
      { context: "lab", host: "ssh://root@lab" },
      'docker.context: "lab" and host "ssh://root@lab" both say where the engine is: leave one out',
    ],
    [{ certPath: "" }, 'docker.certPath: "" is not a folder: write its path, or leave it out'],
    [{ user: "redis" }, `docker.user: "redis" is not a numeric user: ${aUser}`],
    [{ user: "999" }, `docker.user: "999" is not a numeric user: ${aUser}; did you mean "999:999"?`],
    [{ user: "0:0" }, `docker.user: "0:0" is root, as which no server runs: ${aUser}`],
    [{ user: "999:0" }, `docker.user: "999:0" is root, as which no server runs: ${aUser}`],
    [
      { runner: "there" },
      'docker.runner: "there" is not known: choose one of "here", "container", "auto"; did you mean "here"?',
    ],
    [
      { openFiles: 100 },
      "docker.openFiles: 100 is not allowed: write a whole number from 1024 to 1048576, such as 65535",
    ],
    [{ network: "mine" }, 'docker.network: is made by Hearth: write its network as subnet: "10.201.0.0/24"'],
    [
      { imagee: "redis" },
      'docker.imagee: is not an argument of docker, which takes image, exporterImage, subnet, publish, host, context, certPath, user, runner, runnerImage, openFiles; did you mean "image"?',
    ],
  ])("%j", (docker, message) => {
    expect(said("standalone", { target: "docker", docker })).toEqual([message]);
  });

  it.each<[object, string]>([
    [{ docker: "redis:7" }, 'docker: "redis:7" is not a set of arguments: write { image: "redis:7-alpine" }'],
    [
      { bind: "10.0.0.5", tls: "generated" },
      'bind: "10.0.0.5" is for the target local: each container binds the address that it has on its network; leave it out, and see docker.publish',
    ],
    [
      { directory: "redis" },
      'directory: "redis" is for the target local: containers keep their files in volumes; leave it out',
    ],
    [
      { hostTuning: "apply" },
      'hostTuning: "apply" is for the target local: the engine may be on another machine; write "check" or "off", and tune that machine as docs/host.md says',
    ],
    [
      { firewall: "apply" },
      'firewall: "apply" is for the target local: its rules do not cover published ports; write "print", and run its DOCKER-USER script on the engine\'s machine',
    ],
    [{ memory: "4mb", memoryLimit: "8mb" }, 'memoryLimit: "8mb" is too little for a container: write at least "16mb"'],
    [
      { exporters: "yes" },
      'exporters: "yes" is neither true nor false: write one of them; did you mean true, without quotes?',
    ],
  ])("%j", (args, message) => {
    expect(said("standalone", { target: "docker", ...args })).toEqual([message]);
  });

  it.each<[object, string]>([
    [
      { docker: { image: "redis:7" } },
      'docker: is for the target "docker", and target is "local": write target "docker", or leave it out',
    ],
    [
      { exporters: true },
      'exporters: true needs a target on which exporters are containers: write target "docker" or "kubernetes", or run redis_exporter beside Redis yourself, as the user exporter',
    ],
    [
      { target: "dokcer" },
      'target: "dokcer" is not known: choose one of "local", "docker", "kubernetes"; did you mean "docker"?',
    ],
  ])("%j", (args, message) => {
    expect(said("standalone", args)).toEqual([message]);
  });

  it("nodes and exporters that are published beside each other need ports of their own", () => {
    const published = { target: "docker", docker: { publish: true } } as const;
    const refused =
      "port: 9120-9125 of the nodes overlaps 9121-9126 of the exporters, published beside them: write a port outside, such as 7000";
    expect(said("cluster", { ...published, port: 9120 })).toEqual([refused]);
    expect(said("cluster", { ...published, port: 9120, exporters: false })).toEqual([]);
    expect(said("cluster", { target: "docker", port: 9120 })).toEqual([]);
    expect(said("sentinel", { ...published, sentinelPort: 9126 })).toEqual([
      "sentinelPort: 9126-9128 of the sentinels overlaps 9121-9126 of the exporters, published beside them: write a port outside, such as 26379",
    ]);
    expect(said("standalone", { ...published, port: 9121 })).toEqual([
      "port: 9121 of the server overlaps 9121 of the exporters, published beside them: write a port outside, such as 6379",
    ]);
    expect(said("standalone", { ...published, port: 9122 })).toEqual([]);
  });

  it("a subnet must have room for every node and exporter", () => {
    const narrow = { target: "docker", docker: { subnet: "10.201.7.32/28" } } as const;
    expect(said("cluster", narrow)).toEqual([
      'docker.subnet: "10.201.7.32/28" is too narrow: 12 containers need /27 or wider, half of which Docker gives to others; write "10.201.7.32/27"',
    ]);
    expect(said("cluster", { ...narrow, exporters: false })).toEqual([]);
    expect(said("standalone", narrow)).toEqual([]);
    expect(said("cluster", { target: "docker", primaries: 40, replicasPerPrimary: 1 })).toEqual([
      'docker.subnet: is missing: 160 containers need /23 or wider, half of which Docker gives to others; write one such as "10.201.0.0/23"',
    ]);
  });

  it.each([
    ["redis"],
    ["redis:7-alpine"],
    [`redis:7-alpine@${digest}`],
    [`redis@${digest}`],
    ["hearth/redis:7.0"],
    ["registry:5000/team/a_b/redis-server:7.2.4"],
    ["registry.example.org/valkey/valkey:8"],
  ])("%s is an image", (image) => {
    expect(said("standalone", { target: "docker", docker: { image } })).toEqual([]);
  });

  it("a published address that others reach is worth a warning without TLS", () => {
    const open = { target: "docker", docker: { publish: "0.0.0.0" } } as const;
    expect(planStandalone("cache", open).warnings.map(({ property }) => property)).toEqual(["docker.publish"]);
    expect(planStandalone("cache", { ...open, tls: "generated" }).warnings).toEqual([]);
    expect(planCluster("cache", { target: "docker", docker: { publish: true } }).warnings).toEqual([]);
  });
});
