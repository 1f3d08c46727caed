import { afterEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../../contract/endpoint.ts";
import { checkOnce, complaints, found } from "../../support/health.ts";
import { startCluster, startSentinel, type TestRedis, type TestTopology } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

let topology: Pick<TestTopology<Endpoint["topology"]>, "stop"> | undefined;
afterEach(async () => {
  await topology?.stop();
  topology = undefined;
});

const at = ({ port }: TestRedis): string => `127.0.0.1:${port}`;

describe("hearth check, Sentinel", () => {
  it("finds a replica that is down, a lost quorum, and a primary that failed", async () => {
    const started = await startSentinel();
    topology = started;
    const [primary, replica, , one, two] = started.servers as [TestRedis, TestRedis, TestRedis, TestRedis, TestRedis];
    const well = await checkOnce(started.endpoint);
    expect(complaints(well)).toEqual([]);
    expect(found(well, "replication")).toEqual([["ok", "1 primary, 2 replicas connected"]]);
    expect(found(well, "quorum")).toEqual([["ok", `3 of 3 sentinels agree on ${at(primary)}`]]);

    await replica.kill();
    const alone = await checkOnce(started.endpoint);
    expect(alone.status).toBe("degraded");
    expect(complaints(alone)).toEqual([
      expect.stringContaining(`connection warning: ${at(replica)} cannot be asked: `),
      `replication warning: ${at(primary)} has 1 of 2 replicas connected`,
    ]);

    // A sentinel that hangs is one too few for nobody; a second one is the end of the majority.
    process.kill(one.pid, "SIGSTOP");
    process.kill(two.pid, "SIGSTOP");
    try {
      const lost = await checkOnce(started.endpoint);
      expect(lost.status).toBe("unhealthy");
      expect(found(lost, "quorum")).toEqual([["critical", "1 of 3 sentinels answered, which is no majority"]]);
    } finally {
      process.kill(one.pid, "SIGCONT");
      process.kill(two.pid, "SIGCONT");
    }
    await two.kill();
    await until("the others have noticed, and still have their quorum", async () => {
      const report = await checkOnce(started.endpoint);
      return found(report, "quorum")[0]?.[1].startsWith("2 of 3 sentinels agree");
    });

    await replica.restart();
    await until(
      "it is connected",
      async () => found(await checkOnce(started.endpoint), "replication")[0]?.[0] === "ok",
    );
    await primary.kill();
    const down = await checkOnce(started.endpoint);
    expect(down.status).toBe("unhealthy");
    expect(complaints(down)).toContainEqual(expect.stringMatching(/^replication critical: no server is primary$/));
    await until("another one is primary", async () => {
      const report = await checkOnce(started.endpoint);
      return report.status === "degraded" && found(report, "read-write")[0]?.[0] === "ok";
    });
  });

  it("a second primary, a wrong name, and a wrong password of the sentinels", async () => {
    const started = await startSentinel();
    topology = started;
    const [, replica] = started.servers as [TestRedis, TestRedis];
    const misnamed = await checkOnce({ ...started.endpoint, masterName: "other" });
    expect(found(misnamed, "quorum")).toContainEqual([
      "critical",
      expect.stringContaining('watches no primary named "other"'),
    ]);
    const refused = await checkOnce({ ...started.endpoint, sentinelPassword: "wrong-password" });
    expect(found(refused, "quorum")).toEqual([["critical", "0 of 3 sentinels answered, which is no majority"]]);
    expect(found(refused, "read-write")[0]?.[0]).toBe("ok");
    // Two at the same time, until the sentinels have turned it back.
    await replica.client.call("REPLICAOF", "NO", "ONE");
    expect(found(await checkOnce(started.endpoint), "replication")).toContainEqual([
      "critical",
      expect.stringMatching(/ are primaries at the same time$/),
    ]);
  });
});

describe("hearth check, cluster", () => {
  it("finds a replica that is down, and slots that nobody serves", async () => {
    const started = await startCluster(1);
    topology = started;
    const [primary, , , replica] = started.servers as [TestRedis, TestRedis, TestRedis, TestRedis];
    const well = await checkOnce(started.endpoint);
    expect(complaints(well)).toEqual([]);
    expect(found(well, "slots")).toEqual([["ok", "16384 of 16384 slots are served by 3 primaries"]]);
    expect(well.operations).toHaveLength(9);

    await replica.kill();
    await until("its primary has noticed", async () => {
      const report = await checkOnce(started.endpoint);
      return complaints(report).some((text) =>
        text.startsWith(`replication warning: ${at(primary)} has 0 of 1 replica`),
      );
    });
    expect((await checkOnce(started.endpoint)).status).toBe("degraded");

    await primary.kill();
    expect((await checkOnce(started.endpoint)).status).toBe("unhealthy");
    const report = await until("the others have noticed", async () => {
      const now = await checkOnce(started.endpoint);
      return complaints(now).some((text) => text.startsWith("slots critical: the cluster's state is fail")) && now;
    });
    expect(found(report, "slots")).toContainEqual(["critical", "5461 slots are not served: their primary has failed"]);
    expect(found(report, "read-write").filter(([severity]) => severity === "critical")).toHaveLength(3);
  });

  it("slots without an owner; no replicas by design is only advice", async () => {
    const started = await startCluster(0);
    topology = started;
    const well = await checkOnce(started.endpoint);
    expect(well.status).toBe("healthy");
    expect(found(well, "replication")).toEqual([["note", "there are no replicas"]]);
    for (const { client } of started.servers) await client.call("CLUSTER", "DELSLOTS", "0", "1");
    const holes = await until("the state is fail", async () => {
      const report = await checkOnce(started.endpoint);
      return report.status === "unhealthy" && report;
    });
    expect(found(holes, "slots")).toContainEqual([
      "critical",
      expect.stringMatching(/^2 of 16384 slots have no owner, as 127/),
    ]);
  });
});
