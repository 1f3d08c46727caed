import type { HealthReport } from "../report.ts";

/** What `/health/cache` answers. */
export interface CacheHealth {
  readonly status: HealthReport["status"];
  readonly timestamp: string;
  readonly cache: {
    /** Whether a server answers. */
    readonly connected: boolean;
    /** Share of reads that hit in the last five minutes, 0-1; null where there were too few to tell. */
    readonly hitRate: number | null;
    /** Keys on all primaries; null where the user may not ask. */
    readonly totalEntries: number | null;
    /** Keys of each primary. */
    readonly breakdown: Readonly<Record<string, number>>;
  };
  /** What is wrong, and what to do. */
  readonly problems: readonly string[];
  /** Why it is unhealthy. */
  readonly error?: string;
}

/** A report as a load balancer, or whoever is called at night, reads it. */
export function cacheHealth(report: HealthReport): CacheHealth {
  const { status, checkedAt, servers, hitRatio, keys, findings } = report;
  const { ratio, over } = hitRatio;
  const bad = findings.filter(({ severity }) => severity === "critical" || severity === "warning");
  const critical = bad.filter(({ severity }) => severity === "critical").map(({ text }) => text);
  return {
    status,
    timestamp: checkedAt,
    cache: {
      connected: servers.some(({ role, connected }) => connected && role !== "sentinel"),
      hitRate: ratio === null || over !== "window" ? null : Number(ratio.toFixed(4)),
      totalEntries: keys,
      breakdown: Object.fromEntries(
        servers.flatMap((server) => (server.role === "primary" ? [[server.address, server.keys ?? 0]] : [])),
      ),
    },
    problems: bad.map(({ text, advice }) => (advice === undefined ? text : `${text}. ${advice}`)),
    ...(critical.length > 0 && { error: critical.join("; ") }),
  };
}
