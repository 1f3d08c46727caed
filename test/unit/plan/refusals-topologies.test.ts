import { describe, expect, it } from "vitest";
import type { Deployment, TopologyName } from "../../../infra/plan/args.ts";
import { checkDeployment } from "../../../infra/plan/check.ts";
import { RefusalError } from "../../../infra/plan/refusals.ts";
import { planCluster } from "../../../infra/plan/topology.ts";
import { said } from "../../support/said.ts";

const aTime =
  'is not a time: write a number of milliseconds, or a number with ms, seconds, minutes, hours or days, as in "5 seconds"';

describe("arguments of RedisSentinel", () => {
  it.each<[object, string]>([
    [
      { replicas: 0 },
      "replicas: 0 is too few: without a replica there is nothing to fail over to: write 1 to 10, or use RedisStandalone",
    ],
    [{ replicas: 11 }, "replicas: 11 is not allowed: write a whole number from 1 to 10, such as 2"],
    [{ sentinels: 1 }, "sentinels: 1 is too few: fewer than 3 have no majority left when one is gone: write 3 to 15"],
    [
      { sentinels: 2, quorum: 2 },
      "sentinels: 2 is too few: fewer than 3 have no majority left when one is gone: write 3 to 15",
    ],
    [{ sentinels: 16 }, "sentinels: 16 is not allowed: write a whole number from 3 to 15, such as 3"],
    [{ quorum: 4 }, "quorum: 4 of 3 sentinels can never agree: write 2 to 3"],
    [
      { quorum: 1 },
      "quorum: 1 of 3 sentinels is not a majority, so a few that lose sight of the primary would replace it: write 2 to 3",
    ],
    [
      { sentinels: 5, quorum: 2 },
      "quorum: 2 of 5 sentinels is not a majority, so a few that lose sight of the primary would replace it: write 3 to 5",
    ],
    [{ quorum: "2" }, 'quorum: "2" is not a number: write a whole number from 2 to 3; did you mean 2, without quotes?'],
    [
      { quorum: 0 },
      "quorum: 0 of 3 sentinels is not a majority, so a few that lose sight of the primary would replace it: write 2 to 3",
    ],
    [
      { masterName: "my master" },
      'masterName: "my master" is not a name: write letters, digits, dots, hyphens and underscores, at most 64, such as "mymaster"',
    ],
    [
      { masterName: "" },
      'masterName: "" is not a name: write letters, digits, dots, hyphens and underscores, at most 64, such as "mymaster"',
    ],
    [{ masterName: 5 }, "masterName: 5 is not a text: write it in quotes"],
    [{ downAfter: "10 ms" }, 'downAfter: "10 ms" is not allowed: write "100 ms" to "10 minutes", such as "5 seconds"'],
    [
      { downAfter: "20 seconds" },
      'failoverTimeout: "10 seconds" is not longer than downAfter, "20 seconds": write "40 seconds" or more, or a shorter downAfter',
    ],
    [
      { failoverTimeout: "2 hours" },
      'failoverTimeout: "2 hours" is not allowed: write "1 second" to "1 hour", such as "10 seconds"',
    ],
    [
      { minReplicas: 3 },
      "minReplicas: 3 can never be reached, there are 2 replicas: no write would be accepted; write 0 to 2",
    ],
    [
      { minReplicas: 2, replicas: 1 },
      "minReplicas: 2 can never be reached, there is 1 replica: no write would be accepted; write 0 to 1",
    ],
    [{ minReplicas: -1 }, "minReplicas: -1 is not allowed: write a whole number from 0 to 2, such as 1"],
    [
      { minReplicasMaxLag: "500 ms" },
      'minReplicasMaxLag: "500 ms" is not allowed: write "1 second" to "1 hour", such as "5 seconds"',
    ],
    [
      { minReplicasMaxLag: "1500 ms" },
      'minReplicasMaxLag: "1500 ms" is not a whole number of seconds, as Redis needs it: write "2 seconds"',
    ],
    [{ parallelSyncs: 0 }, "parallelSyncs: 0 is not allowed: write a whole number from 1 to 10, such as 1"],
    [
      { sentinelPort: 6380 },
      "sentinelPort: 6380-6382 of the sentinels overlaps 6379-6381 of the data nodes: write a port outside, such as 26379",
    ],
    [
      { port: 26381, replicas: 4 },
      "sentinelPort: 26379-26381 of the sentinels overlaps 26381-26385 of the data nodes: write a port outside, such as 26386",
    ],
    [
      { port: 65534 },
      "port: 65534 puts the data nodes at 65534-65536, beyond 65535: write a port from 1024 to 65533, such as 6379",
    ],
    [
      { sentinelPort: 65535 },
      "sentinelPort: 65535 puts the sentinels at 65535-65537, beyond 65535: write a port from 1024 to 65533, such as 26379",
    ],
    [{ primaries: 3 }, "primaries: is an argument of RedisCluster, not of RedisSentinel: leave it out"],
  ])("%j", (args, message) => {
    expect(said("sentinel", args)).toEqual([message]);
  });
});

describe("arguments of RedisCluster", () => {
  it.each<[object, string]>([
    [
      { primaries: 2 },
      "primaries: 2 is too few: a cluster needs 3 primaries to agree on a failover: write 3 to 100, or use RedisSentinel",
    ],
    [
      { replicasPerPrimary: 0, minReplicas: 1 },
      "minReplicas: 1 can never be reached, there are 0 replicas: no write would be accepted; write 0",
    ],
    [
      { minReplicas: 2 },
      "minReplicas: 2 can never be reached, there is 1 replica: no write would be accepted; write 0 to 1",
    ],
    [{ primaries: 101 }, "primaries: 101 is not allowed: write a whole number from 3 to 100, such as 3"],
    [{ primaries: 3.5 }, "primaries: 3.5 is not allowed: write a whole number from 3 to 100, such as 3"],
    [{ replicasPerPrimary: -1 }, "replicasPerPrimary: -1 is not allowed: write a whole number from 0 to 5, such as 1"],
    [
      { replicasPerPrimary: 3 },
      "replicasPerPrimary: 3 is more than 3 primaries can place: two nodes of a shard would share a host; write 0 to 2, or at least 4 primaries",
    ],
    [
      { replicasPerPrimary: 0.5 },
      "replicasPerPrimary: 0.5 is not allowed: write a whole number from 0 to 5, such as 1",
    ],
    [
      { nodeTimeout: "10 ms" },
      'nodeTimeout: "10 ms" is not allowed: write "1 second" to "5 minutes", such as "5 seconds"',
    ],
    [{ nodeTimeout: "five seconds" }, `nodeTimeout: "five seconds" ${aTime}`],
    [
      { port: 60000 },
      "port: 60000 puts the nodes at 60000-60005 and the bus at 70000-70005, beyond 65535: write a port from 1024 to 55530, such as 7000",
    ],
    [
      { port: 55531 },
      "port: 55531 puts the nodes at 55531-55536 and the bus at 65531-65536, beyond 65535: write a port from 1024 to 55530, such as 7000",
    ],
    [
      { database: 1 },
      "database: 1 is not possible: a cluster has only database 0; leave it out, or use RedisStandalone or RedisSentinel",
    ],
    [{ sentinelPort: 26379 }, "sentinelPort: is an argument of RedisSentinel, not of RedisCluster: leave it out"],
    [
      { replicas: 1 },
      'replicas: is an argument of RedisSentinel, not of RedisCluster: leave it out; did you mean "replicasPerPrimary"?',
    ],
  ])("%j", (args, message) => {
    expect(said("cluster", args)).toEqual([message]);
  });
});

describe("a plan with problems", () => {
  it("is refused with all of them at once", () => {
    const plan = () => planCluster("cache", { memory: "1", primaries: 2, port: 80 });
    expect(plan).toThrow(RefusalError);
    expect(messageOf(plan)).toBe(
      [
        '3 problems with RedisCluster "cache":',
        ' - memory: "1" is too little: write "1mb" to "16384gb", such as "256mb"; did you mean "1mb"?',
        " - primaries: 2 is too few: a cluster needs 3 primaries to agree on a failover: write 3 to 100, or use RedisSentinel",
        " - port: 80 needs root: write a port from 1024 to 55530, such as 7000",
      ].join("\n"),
    );
    expect(() => planCluster("cache", { hz: 0 })).toThrow(
      '1 problem with RedisCluster "cache":\n - hz: 0 is not allowed',
    );
  });
});

describe("warnings", () => {
  it.each<[TopologyName, object, string]>([
    [
      "standalone",
      { memory: "900mb", memoryLimit: "1gb" },
      'memory: "900mb" leaves less than 20 % of memoryLimit, "1gb", for all else: write at most "768mb", which is 75 %',
    ],
    ["standalone", { cores: 4, ioThreads: 8 }, "ioThreads: 8 are more than 4 cores can run: write at most 3"],
    [
      "sentinel",
      { minReplicas: 2 },
      "minReplicas: 2 of 2: no write is accepted while one of them is down; write 1, or add a replica",
    ],
    ["sentinel", { sentinels: 4 }, "sentinels: 4 can lose no more of them than 3 can: write 3 or 5"],
    [
      "standalone",
      { bind: "127.0.0.1 10.0.0.1" },
      'bind: 10.0.0.1 can be reached from other machines, and what is sent is not encrypted: write "127.0.0.1" unless other machines must connect. The password is asked for in any case',
    ],
    [
      "cluster",
      { persistence: "none" },
      'persistence: "none" lets a primary that restarts before a failover come back empty, and its replicas follow it: write "snapshots" or "aof", or warm again after a restart',
    ],
  ])("%s %j", (topology, args, message) => {
    const { refusals, warnings } = checkDeployment("cache", { topology, args } as Deployment);
    expect(refusals).toEqual([]);
    expect(warnings.map((warning) => `${warning.property}: ${warning.message}`)).toEqual([message]);
  });

  it("are not made of what is fine", () => {
    expect(
      checkDeployment("cache", { topology: "standalone", args: { persistence: "none", bind: "127.0.0.1 ::1" } }),
    ).toEqual({ refusals: [], warnings: [] });
    expect(
      checkDeployment("cache", { topology: "cluster", args: { persistence: "none", replicasPerPrimary: 0 } }).warnings,
    ).toEqual([]);
  });
});

function messageOf(plan: () => unknown): string {
  try {
    plan();
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
}
