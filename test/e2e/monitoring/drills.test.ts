import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Member } from "../../../contract/nodes.ts";
import { withConnection } from "../../../ops/connect.ts";
import { type DemoDatabase, startDemoDatabase } from "../../../warmer/demo/index.ts";
import { clientOf } from "../../support/client.ts";
import { runbook } from "../../support/runbook.ts";
import { Prometheus, whyNothingScraped } from "../../support/scraped.ts";
import { until } from "../../support/wait.ts";
import { settingsOf } from "../conformance/topologies.ts";
import { Watched } from "./watched.ts";

/**
 * What alerts are for, done to deployments that a real Prometheus watches by the rules that were generated for them: the
 * alert fires in time, the page of docs/runbooks is followed word by word, and then nothing is told any more.
 *
 * Drills of one deployment follow each other, those of the three run at the same time; a test waits for its drill.
 */

/** What is allowed after an alert's own time. */
const patienceMs = 30_000;
const lastingMs = 1000;

interface Drill {
  readonly name: string;
  /** What must fire. */
  readonly alerts: readonly string[];
  /** Does the damage. */
  readonly harm: (cache: Watched) => Promise<void>;
  /** Whose page mends it; none: `mend` does. */
  readonly page?: string;
  readonly mend?: (cache: Watched) => Promise<void>;
}

const first = (members: readonly Member[]): Member => members[0] as Member;
async function replicaOf(cache: Watched, shard: number): Promise<Member> {
  const primary = await cache.deployed.primaryOf(shard);
  return first(cache.deployed.data.filter((member) => member.shard === shard && member.name !== primary.name));
}

/** Commands that are answered, next to which the errors of before are few. */
async function answer({ deployed }: Watched, thousands: number): Promise<void> {
  const operator = deployed.connect(first(deployed.data));
  for (let round = 0; round < thousands; round++) {
    await Promise.all(Array.from({ length: 1000 }, () => operator.ping()));
  }
}

let stopGuessing = (): void => {};

const standalone: readonly Drill[] = [
  {
    name: "memory filled",
    alerts: ["HearthMemoryHigh", "HearthMemoryCritical"],
    async harm({ stack }) {
      const { endpoint } = await stack.outputs();
      const client = clientOf(endpoint) as Redis;
      try {
        // Until Redis says that there is no room: one refusal is no HearthErrorRatioHigh.
        const value = "x".repeat(100_000);
        const fill = async () => {
          for (let index = 0; index < 300; index++) await client.set(`fill:${index}`, value);
        };
        await expect(fill()).rejects.toThrow("OOM");
      } finally {
        client.disconnect();
      }
    },
    page: "HearthMemoryCritical",
    mend: (cache) => answer(cache, 3), // writes that were refused until then count as errors
  },
  {
    name: "a client with a wrong password",
    alerts: ["HearthErrorRatioHigh"],
    async harm({ deployed }) {
      const wrong = { username: "app", password: "a guess" };
      const guess = () => withConnection(first(deployed.data), wrong, async () => {}).catch(() => {});
      const guessing = setInterval(() => void Array.from({ length: 20 }, guess), 100);
      stopGuessing = () => clearInterval(guessing);
    },
    page: "HearthErrorRatioHigh",
    async mend(cache) {
      stopGuessing();
      // The client has the right one now: what it asks is answered, until the guesses of before are few.
      await until("few errors", async () => {
        await answer(cache, 10);
        return !(await cache.firing()).has("HearthErrorRatioHigh");
      });
    },
  },
  {
    name: "an exporter that is gone",
    alerts: ["HearthExporterDown"],
    harm: (cache) => endExporter(cache),
    mend: (cache) => cache.export(first(cache.deployed.data)),
  },
  {
    name: "an exporter with a wrong password",
    alerts: ["HearthNodeDown"],
    async harm(cache) {
      await endExporter(cache);
      await cache.export(first(cache.deployed.data), "not its password");
    },
    async mend(cache) {
      await endExporter(cache);
      await cache.export(first(cache.deployed.data));
    },
  },
];

const sentinel: readonly Drill[] = [
  {
    name: "a replica killed",
    alerts: ["HearthNodeDown", "HearthReplicaMissing"],
    harm: async (cache) => cache.kill(await replicaOf(cache, 0)),
    page: "HearthReplicaMissing",
  },
  {
    name: "a wrong password between primary and replicas",
    alerts: ["HearthReplicationBroken", "HearthNoReplica"],
    async harm({ deployed }) {
      const primary = deployed.connect(await deployed.primaryOf(0));
      await primary.call("ACL", "SETUSER", "replication", "resetpass", ">another");
      await primary.call("CLIENT", "KILL", "TYPE", "replica");
    },
    page: "HearthReplicationBroken",
  },
  {
    name: "the primary killed: a replica takes over",
    alerts: ["HearthNodeDown", "HearthReplicaMissing"],
    async harm(cache) {
      await cache.kill(await cache.deployed.primaryOf(0));
      await until("another primary", () => cache.deployed.primaryOf(0));
    },
    page: "HearthNodeDown",
  },
  {
    name: "the primary and the quorum lost: nobody takes over",
    alerts: ["HearthQuorumLost", "HearthSentinelDown", "HearthPrimaries"],
    async harm(cache) {
      const primary = await cache.deployed.primaryOf(0);
      await Promise.all([primary, ...cache.deployed.sentinels.slice(1)].map((one) => cache.kill(one)));
    },
    page: "HearthQuorumLost",
  },
];

const cluster: readonly Drill[] = [
  {
    name: "a shard's replica killed",
    alerts: ["HearthNodeDown", "HearthNoReplica"],
    harm: async (cache) => cache.kill(await replicaOf(cache, 0)),
    page: "HearthNoReplica",
  },
  {
    name: "a slot without an owner",
    alerts: ["HearthSlotsNotCovered"],
    async harm({ deployed }) {
      await Promise.all(deployed.data.map((member) => deployed.connect(member).call("CLUSTER", "DELSLOTS", "0")));
    },
    page: "HearthSlotsNotCovered",
  },
  {
    name: "a shard lost",
    alerts: ["HearthSlotsFailed", "HearthNodeDown"],
    async harm(cache) {
      const shard = cache.deployed.data.filter((member) => member.shard === 0);
      await Promise.all(shard.map((member) => cache.kill(member)));
    },
    page: "HearthSlotsFailed",
  },
  {
    // Who is left doubts them, and is too few to say that they have failed: no replica may take over.
    name: "most of the primaries lost at once",
    alerts: ["HearthClusterDown", "HearthSlotsFailing"],
    async harm(cache) {
      const primaries = await Promise.all([0, 1].map((shard) => cache.deployed.primaryOf(shard)));
      await Promise.all(primaries.map((member) => cache.kill(member)));
    },
    page: "HearthClusterDown",
  },
];

const plans = { standalone, sentinel, cluster };
const others = "what the other pages say to look at, and to do, is done by servers that are well";
type Topology = keyof typeof plans;
const topologies = Object.keys(plans) as Topology[];

async function endExporter(cache: Watched): Promise<void> {
  const { name } = first(cache.deployed.data);
  await cache.prometheus.endExporter(cache.exporters.get(name) ?? "");
}

describe.skipIf(whyNothingScraped)(`drills${whyNothingScraped ? ` (skipped: ${whyNothingScraped})` : ""}`, () => {
  const prometheus = new Prometheus();
  const caches = new Map<Topology, Watched>();
  const done = new Map<string, Promise<void>>();
  /** Alerts whose pages were followed. */
  const followed = new Set<string>();
  let database: DemoDatabase;

  const cacheOf = (topology: Topology): Watched => caches.get(topology) as Watched;
  const quiet = (cache: Watched, when: string): Promise<unknown> =>
    until(`nothing is told ${when}`, async () => {
      const firing = await cache.firing();
      if (firing.size > 0) throw new Error(JSON.stringify([...firing]));
      return true;
    });

  /** Harms, waits for the alerts, follows the page, and waits until nothing fires. */
  async function run(cache: Watched, { name, alerts, harm, page, mend }: Drill): Promise<void> {
    await harm(cache);
    const since = Date.now();
    const firing = await until(
      `${alerts.join(" and ")} after "${name}"`,
      async () => {
        const found = await cache.firing();
        const missing = alerts.filter((alert) => !found.has(alert));
        if (missing.length > 0) throw new Error(`not ${missing}, but ${[...found.keys()]}`);
        return found;
      },
      lastingMs + patienceMs,
    );
    const told = Date.now() - since;
    const typed = new Set<string>();
    for (const alert of alerts) await cache.follow(runbook(alert), "Look", firing.get(alert) ?? [], typed);
    const looked = Date.now();
    if (page !== undefined) await cache.follow(runbook(page), "Mend", firing.get(page) ?? []);
    await mend?.(cache);
    const mended = Date.now();
    await quiet(cache, `after "${name}" was mended`);
    const calm = Date.now();
    await cache.deployed.settled();
    if (process.env.HEARTH_TIMES) {
      const times = `told after ${told} ms, looked in ${looked - since - told} ms, mended in ${mended - looked} ms`;
      const rest = `quiet ${calm - mended} ms after repair, settled ${Date.now() - calm} ms later`;
      console.log(`${cache.topology}: ${name}: at ${Math.round(performance.now())}: ${times}, ${rest}`);
    }
  }

  /** Each page once, by the topology that comes to it first. */
  async function followOthers(topology: Topology): Promise<void> {
    const cache = cacheOf(topology);
    const looked = plans[topology].flatMap(({ alerts }) => alerts);
    const mended = plans[topology].map(({ page }) => page);
    const typed = new Set(["pulumi refresh", "pulumi up"]);
    for (const { alert } of cache.rules.alerts.filter(({ alert }) => !followed.has(alert))) {
      followed.add(alert);
      if (!looked.includes(alert)) await cache.follow(runbook(alert), "Look", [""], typed);
      if (!mended.includes(alert)) await cache.follow(runbook(alert), "Mend", [""], typed);
    }
    // With all that they have set.
    if ([...typed].some((command) => command.startsWith("pulumi config"))) await cache.stack.up();
  }

  beforeAll(async () => {
    const more = {
      standalone: { memory: "20mb", eviction: "noeviction" },
      sentinel: { downAfter: "2 seconds" },
      cluster: {},
    };
    for (const topology of topologies) {
      const alerts = plans[topology].flatMap((drill) => drill.alerts);
      const config = { ...(await settingsOf(topology)), persistence: "none", ...more[topology] };
      caches.set(topology, new Watched(prometheus, config, alerts));
    }
    [database] = await Promise.all([startDemoDatabase(), ...[...caches.values()].map((cache) => cache.up())]);
    for (const cache of caches.values()) cache.environment = { DATABASE_URL: database.url };
    const configurations = [...caches.values()].map((cache) => cache.configuration());
    await prometheus.run(
      { rule_files: ["rules-*.yml"], scrape_configs: configurations.flatMap(({ jobs }) => jobs) },
      Object.fromEntries(configurations.map(({ rules }, index) => [`rules-${index}.yml`, rules])),
    );
    await until("every exporter has been asked", async () => {
      const [sample] = await prometheus.query("count(redis_up == 1)");
      return sample?.value === 1 + 6 + 6;
    });
    for (const topology of topologies) {
      let last = quiet(cacheOf(topology), "before anything has happened");
      for (const drill of plans[topology]) {
        last = last.then(() => run(cacheOf(topology), drill));
        last.catch(() => {}); // its own test tells
        done.set(`${topology}: ${drill.name}`, last as Promise<void>);
      }
      last = last.catch(() => {}).then(() => followOthers(topology));
      last.catch(() => {});
      done.set(`${topology}: ${others}`, last as Promise<void>);
    }
  });

  afterAll(async () => {
    stopGuessing();
    await Promise.allSettled(done.values());
    for (const { deployed } of caches.values()) deployed?.close();
    await Promise.all([prometheus.stop(), database?.stop(), ...[...caches.values()].map(({ stack }) => stack.end())]);
  });

  describe.each(topologies)("%s", (topology) => {
    it.each(plans[topology].map(({ name, alerts }) => [name, alerts.join(", ")]))("%s: %s", async (name) => {
      await done.get(`${topology}: ${name}`);
    });

    it(others, () => done.get(`${topology}: ${others}`));
  });

  it("the rules were all evaluated, and none failed", async () => {
    await Promise.allSettled(done.values());
    expect(await prometheus.query("prometheus_rule_evaluation_failures_total > 0")).toEqual([]);
  });
});
