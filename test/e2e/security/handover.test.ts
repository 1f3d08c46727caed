import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Address } from "../../../contract/address.ts";
import { dataPromises, type Promised, sentinelPromises } from "../../../infra/plan/promises.ts";
import { planCluster, planSentinel } from "../../../infra/plan/topology.ts";
import { withConnection } from "../../../ops/connect.ts";
import { judge, outcomeOf } from "../../support/attacks.ts";
import { podsOf, secrets } from "../kubernetes/scripts-lab.ts";

/**
 * The user `handover` of pods, as whom their scripts log in: it may hand a primary's role over, and nothing else of what
 * the README's table "Security" lists. The pods are processes here, with the users that Kubernetes has.
 */

const login = { username: "handover", password: secrets.passwords.handover };

/** What its scripts send, written so that it does no harm. */
const own = {
  sentinel: [
    ["CLIENT", "PAUSE", "x"],
    ["CLIENT", "UNPAUSE"],
  ],
  cluster: [["CLUSTER", "FAILOVER", "x"]],
};
const everywhere = [["PING"], ["INFO"]];
const ofSentinels = [
  ["PING"],
  ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"],
  ["SENTINEL", "MASTER", "mymaster"],
  ["SENTINEL", "FAILOVER", "none"],
];

describe.each([
  ["sentinel", planSentinel("cache")],
  ["cluster", planCluster("cache")],
] as const)("the user handover: %s", (topology, plan) => {
  let lab: Awaited<ReturnType<typeof podsOf>>;
  let data: Address;
  let sentinel: Address | undefined;

  beforeAll(async () => {
    lab = await podsOf(plan, { env: { CACHE_SHARD_0_0_SERVICE_HOST: "127.0.0.1" } });
    const pods = ["redis", "sentinel"].map((kind) => lab.pods.find(({ node }) => node.kind === kind));
    await Promise.all(pods.map((pod) => pod?.start()));
    const [first, second] = pods.map((pod) => pod && { host: "127.0.0.1", port: pod.node.port });
    if (!first) throw new Error("no data node");
    [data, sentinel] = [first, second];
  });
  afterAll(() => lab?.stop());

  async function tryAll(address: Address, promises: readonly Promised[], allowed: readonly (readonly string[])[]) {
    const may = new Set(allowed.map((words) => words.join(" ")));
    const known = promises.filter(({ topologies = [topology] }) => topologies.includes(topology));
    const tried = [...known.flatMap(({ commands }) => commands), ...allowed];
    expect(tried.length).toBeGreaterThan(allowed.length);
    for (const [command = "", ...args] of tried) {
      const words = [command, ...args].join(" ");
      // A connection for each: some commands change what a connection is.
      const outcome = await withConnection(address, login, (connection) =>
        outcomeOf(connection.call(command, ...args)),
      );
      judge(`handover on a ${topology} node: ${words}`, may.has(words) ? "allowed" : "refused", outcome);
    }
  }

  it("may do on a data node what handing over takes, and nothing else", () =>
    tryAll(data, dataPromises, [...everywhere, ...own[topology]]));

  it.runIf(topology === "sentinel")("may ask a sentinel who the primary is, and for another, and nothing else", () =>
    tryAll(sentinel as Address, sentinelPromises, ofSentinels),
  );

  it("knows no other user's password, and nobody knows its", async () => {
    for (const attempt of [
      { username: "handover", password: secrets.passwords.app },
      { username: "operator", password: secrets.passwords.handover },
      { username: "handover", password: "" },
    ]) {
      const reply = withConnection(data, attempt, (connection) => connection.call("PING"));
      judge(`${attempt.username} with a wrong password`, "refused", await outcomeOf(reply));
    }
  });
});
