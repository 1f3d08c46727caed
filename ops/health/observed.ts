import type { Endpoint } from "../../contract/endpoint.ts";
import type { DatedCertificate } from "./certificate-dates.ts";
import type { Counted } from "./counters.ts";
import type { DataServer, SentinelServer } from "./look.ts";
import type { Owner } from "./placement.ts";
import type { Probe } from "./probe.ts";
import type { Thresholds } from "./thresholds.ts";

/** All that was seen of a cache: what the checks judge. */
export interface Observed {
  readonly endpoint: Endpoint;
  readonly servers: readonly DataServer[];
  readonly sentinels: readonly SentinelServer[];
  /** Primaries of a cluster with their slots; undefined elsewhere, and where nobody tells. */
  readonly owners: readonly Owner[] | undefined;
  readonly probes: readonly Probe[];
  readonly certificates: readonly DatedCertificate[];
  /** What the servers counted over the window; undefined without one. */
  readonly window: Counted | undefined;
  /** What they counted since they started; undefined where nobody tells. */
  readonly sinceStart: Counted | undefined;
  readonly thresholds: Thresholds;
  readonly now: Date;
}

/** Servers that answered and say how they are. */
export function told({ servers }: Observed): (DataServer & { readonly info: Readonly<Record<string, string>> })[] {
  return servers.flatMap((server) => (server.info === undefined ? [] : [{ ...server, info: server.info }]));
}

/** Servers that answered, but do not tell INFO to this user. */
export function silentAboutInfo({ servers }: Observed): readonly DataServer[] {
  return servers.filter(({ error, info }) => error === undefined && info === undefined);
}

/** `1 server`, `3 servers`. */
export function some(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
