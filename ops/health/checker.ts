import { setTimeout as delay } from "node:timers/promises";
import { type Address, isSameAddress } from "../../contract/address.ts";
import type { Endpoint } from "../../contract/endpoint.ts";
import { reachedAt } from "../../warmer/redis/nat.ts";
import { ConnectionPool } from "../connect.ts";
import { certificateOf, type DatedCertificate, ownCertificates } from "./certificate-dates.ts";
import { judge } from "./checks.ts";
import { type Counters, countedBetween, countedSinceStart, countersOf } from "./counters.ts";
import { type DataServer, lookAtSentinel, lookAtServer, RefusedCommands } from "./look.ts";
import type { Observed } from "./observed.ts";
import { type Owner, slotOwners } from "./placement.ts";
import { type Probe, probe } from "./probe.ts";
import { type HealthReport, makeReport } from "./report.ts";
import { defaultThresholds, type Thresholds } from "./thresholds.ts";

export interface CheckerOptions {
  /** Milliseconds for connecting and for each reply. @default 3000 */
  readonly timeoutMs?: number;
  readonly thresholds?: Thresholds;
}

/** Milliseconds that counters are kept: the window of one who checks again and again. */
const historyMs = 300_000;

/** Looks at a cache, once or again and again; its connections stay open in between. */
export class HealthChecker {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  readonly #thresholds: Thresholds;
  readonly #data: ConnectionPool;
  readonly #sentinels: ConnectionPool;
  readonly #refused = new RefusedCommands();
  readonly #ownReads = new Map<string, number>();
  /** What was counted by each check of the last minutes. */
  #history: Counters[] = [];

  constructor(endpoint: Endpoint, { timeoutMs = 3000, thresholds = defaultThresholds }: CheckerOptions = {}) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
    this.#thresholds = thresholds;
    const { username, password, tls } = endpoint;
    this.#data = new ConnectionPool({ username, password, tls, timeoutMs });
    const login =
      endpoint.topology === "sentinel"
        ? { username: endpoint.sentinelUsername, password: endpoint.sentinelPassword }
        : {};
    this.#sentinels = new ConnectionPool({ ...login, tls, timeoutMs });
  }

  /**
   * Looks at everything, and judges it. What is wrong is a finding, never an error.
   *
   * @param windowMs for how long hits, misses and errors are counted. Without it, over the last five minutes as far as
   *   there were checks before.
   * @throws the signal's reason, when it is aborted while the window lasts
   */
  async check({ windowMs = 0, signal }: { windowMs?: number; signal?: AbortSignal } = {}): Promise<HealthReport> {
    const began = performance.now();
    const endpoint = this.#endpoint;
    const [servers, sentinels, certificates] = await Promise.all([
      this.#look(),
      endpoint.topology === "sentinel"
        ? Promise.all(endpoint.sentinels.map((one) => lookAtSentinel(one, endpoint.masterName, this.#sentinels)))
        : [],
      this.#certificates(),
    ]);
    const owners = endpoint.topology === "cluster" ? slotOwners(servers, endpoint) : undefined;
    const named = sentinels.find(({ primary }) => primary !== undefined)?.primary;
    const probes = await this.#probe(primariesOf(endpoint, servers, owners, named), owners, servers);
    let now = countersOf(servers, began, this.#ownReads);
    let window = this.#windowUntil(now);
    this.#remember(now);
    this.#countReads(servers, probes);
    if (windowMs > 0) {
      const before = now;
      await delay(windowMs, undefined, { signal });
      // A server that hangs is waited for once.
      const answering = servers.filter(({ error }) => error === undefined).map(({ address }) => address);
      now = countersOf(await this.#look(answering), performance.now(), this.#ownReads);
      window = countedBetween(before, now);
    }
    const observed: Observed = {
      ...{ endpoint, servers, sentinels, owners, probes, certificates, window },
      sinceStart: now.servers.size === 0 ? undefined : countedSinceStart(now, servers),
      thresholds: this.#thresholds,
      now: new Date(),
    };
    return makeReport(observed, judge(observed), began);
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.close(), this.#sentinels.close()]);
  }

  async #look(nodes: readonly Address[] = this.#endpoint.nodes): Promise<DataServer[]> {
    const isCluster = this.#endpoint.topology === "cluster";
    return await Promise.all(nodes.map((node) => lookAtServer(node, this.#data, isCluster, this.#refused)));
  }

  async #probe(
    primaries: readonly Address[],
    owners: readonly Owner[] | undefined,
    servers: readonly DataServer[],
  ): Promise<Probe[]> {
    return await Promise.all(
      primaries.map(async (address) => {
        const silent = servers.find((server) => server.error !== undefined && isSameAddress(server.address, address));
        if (silent?.error !== undefined) return { name: silent.name, durations: [], error: silent.error };
        const owner = owners?.find((one) => one.address === address);
        return await probe(address, this.#endpoint.database, this.#data, this.#refused, owner);
      }),
    );
  }

  async #certificates(): Promise<DatedCertificate[]> {
    const { tls, nodes } = this.#endpoint;
    if (tls === undefined) return [];
    const sentinels = this.#endpoint.topology === "sentinel" ? this.#endpoint.sentinels : [];
    const shown = await Promise.all([...nodes, ...sentinels].map((one) => certificateOf(one, tls, this.#timeoutMs)));
    return [...shown.filter((one) => one !== undefined), ...ownCertificates(tls)];
  }

  #countReads(servers: readonly DataServer[], probes: readonly Probe[]): void {
    for (const { name, durations } of probes) {
      const runId = servers.find((server) => server.name === name)?.info?.run_id;
      const reads = durations.filter(({ operation }) => operation === "get").length;
      if (runId !== undefined) this.#ownReads.set(runId, (this.#ownReads.get(runId) ?? 0) + reads);
    }
  }

  #windowUntil(now: Counters) {
    const before = this.#history.find(({ at }) => at >= now.at - historyMs);
    return before && countedBetween(before, now);
  }

  #remember(counters: Counters): void {
    this.#history = [...this.#history.filter(({ at }) => at >= counters.at - historyMs), counters];
  }
}

/** Where a write must succeed. */
function primariesOf(
  endpoint: Endpoint,
  servers: readonly DataServer[],
  owners: readonly Owner[] | undefined,
  named: Address | undefined,
): Address[] {
  if (endpoint.topology === "standalone") return [...endpoint.nodes];
  if (endpoint.topology === "cluster") return (owners ?? []).map(({ address }) => address);
  const primaries = servers.filter(({ info }) => info?.role === "master").map(({ address }) => address);
  if (primaries.length > 0 || named === undefined) return primaries;
  return [reachedAt(endpoint, named)];
}
