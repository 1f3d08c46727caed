import type { Address } from "./address.ts";

/** What the proxy to a primary is told (proxy/): a JSON file, which holds no secret. Paths are of files that it reads. */
export interface PrimaryProxySettings {
  /** Where clients connect. @default host: every address */
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where it says over HTTP whether it runs, `/live`, and whether it leads to a primary, `/ready`. */
  readonly probes: { readonly host?: string; readonly port: number };
  /** The name under which the sentinels watch the primary. */
  readonly masterName: string;
  /** All of them: most of them must agree. */
  readonly sentinels: readonly Address[];
  /**
   * How long what a sentinel said counts. Shorter than the sentinels wait for a primary that does not answer: then there
   * is no time at which they may have elected another one, and a proxy that they do not reach still believes in the old.
   */
  readonly leaseMs: number;
  /** How long a failover takes at most. */
  readonly failoverTimeoutMs: number;
  /** As whom it asks sentinels and servers: `exporter`, who reads figures and no key. */
  readonly login: { readonly user: string; readonly passwordFile: string };
  /** How it asks them. What clients send is passed on as it is, TLS as well. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /** Connections of clients, at most. */
  readonly maxConnections: number;
  /** After SIGTERM: how long new connections are still taken, until nobody sends any here; and when the last one ends. */
  readonly leave: { readonly acceptMs: number; readonly deadlineMs: number };
}
