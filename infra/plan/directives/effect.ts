import type { Directives } from "../../../contract/nodes.ts";
import { directive } from "./directives.ts";

/** Directives by what a changed value does to a server that runs. */
export interface DirectivesByEffect {
  /** Set while it serves. */
  readonly live: Directives;
  /** The server restarts; a primary hands over to a replica first. */
  readonly restart: Directives;
}

// CONFIG SET moves a port only where nobody has to be told: clients, peers and sentinels know the address.
const address = new Set(["port", "tls-port"]);

// Of a sentinel's directives those that SENTINEL SET and SENTINEL CONFIG SET take.
const sentinelLive = /^sentinel (down-after-milliseconds|failover-timeout|parallel-syncs|auth-user|sentinel-user)\b/;

/**
 * Tells apart what of a node's configuration is set live and what needs a restart, so that a preview shows it beside the
 * directive. The tool asks the server itself, and does what that says: Redis 6.0 restarts for another `bind`, which
 * later versions change live; all else is the same from 6.0 to the newest version known.
 */
export function byEffect(kind: "redis" | "sentinel", directives: Directives): DirectivesByEffect {
  const isLive = kind === "sentinel" ? isLiveOnSentinel : isLiveOnServer;
  const pick = (live: boolean) =>
    Object.fromEntries(Object.entries(directives).filter(([name]) => isLive(name.toLowerCase()) === live));
  return { live: pick(true), restart: pick(false) };
}

function isLiveOnServer(name: string): boolean {
  return !address.has(name) && directive(name)?.live !== undefined;
}

function isLiveOnSentinel(name: string): boolean {
  return sentinelLive.test(name);
}
