import { count } from "../../warmer/figures.ts";
import { type Finding, type HealthStatus, type Severity, statusOf } from "./finding.ts";
import { hitRatioOf } from "./hit-ratio.ts";
import type { DataServer } from "./look.ts";
import type { Observed } from "./observed.ts";
import type { Duration } from "./probe.ts";

/** What is known of one server. */
export interface ServerHealth {
  readonly address: string;
  readonly role: "primary" | "replica" | "sentinel" | "unknown";
  readonly connected: boolean;
  readonly version?: string;
  readonly keys?: number;
  /** Bytes, and their limit; 0 without one. */
  readonly usedMemory?: number;
  readonly maxMemory?: number;
  readonly clients?: number;
  /** Counted by the server since it started. */
  readonly hits?: number;
  readonly misses?: number;
  readonly pingMs?: number;
}

/** What `hearth check --json` prints. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly checkedAt: string;
  readonly durationMs: number;
  readonly topology: string;
  readonly user: string;
  readonly servers: readonly ServerHealth[];
  /** Keys on all primaries; null where nobody tells. */
  readonly keys: number | null;
  /** Share of reads that hit; null where there were too few. */
  readonly hitRatio: {
    readonly ratio: number | null;
    readonly reads: number;
    readonly over: "window" | "start" | null;
    readonly seconds: number;
  };
  /** What the check's own commands took on each primary. */
  readonly operations: readonly (Duration & { readonly server: string })[];
  /** ISO time at which the first certificate ends; null without TLS. */
  readonly certificateEndsAt: string | null;
  readonly findings: readonly Finding[];
  /** What to do, the gravest first. */
  readonly recommendations: readonly string[];
}

/** The report of what was seen and found. */
export function makeReport(observed: Observed, findings: readonly Finding[], began: number): HealthReport {
  const { endpoint, servers, sentinels, certificates, now, window } = observed;
  const measured = hitRatioOf(observed);
  const counted = measured?.counted ?? window ?? observed.sinceStart;
  const ends = certificates.map(({ endsAt }) => endsAt.getTime());
  const data = servers.map(serverHealth);
  const primaries = data.filter(({ role, keys }) => role === "primary" && keys !== undefined);
  return {
    status: statusOf(findings),
    checkedAt: now.toISOString(),
    durationMs: Math.round(performance.now() - began),
    topology: endpoint.topology,
    user: endpoint.username ?? "default",
    servers: [
      ...data,
      ...sentinels.map(({ name, error }) => ({
        ...{ address: name, role: "sentinel" as const, connected: error === undefined },
      })),
    ],
    keys: primaries.length === 0 ? null : primaries.reduce((sum, { keys = 0 }) => sum + keys, 0),
    hitRatio: {
      ratio: measured?.ratio ?? null,
      reads: counted === undefined ? 0 : counted.hits + counted.misses,
      over: measured?.counted.over ?? null,
      seconds: counted?.seconds ?? 0,
    },
    operations: observed.probes.flatMap(({ name, durations }) => durations.map((one) => ({ server: name, ...one }))),
    certificateEndsAt: ends.length === 0 ? null : new Date(Math.min(...ends)).toISOString(),
    findings,
    recommendations: recommendationsOf(findings),
  };
}

function serverHealth({ name, error, pingMs, info }: DataServer): ServerHealth {
  if (error !== undefined) return { address: name, role: "unknown", connected: false };
  const time = pingMs !== undefined && { pingMs: Number(pingMs.toFixed(3)) };
  if (info === undefined) return { address: name, role: "unknown", connected: true, ...time };
  const databases = Object.entries(info).filter(([field]) => /^db\d+$/.test(field));
  return {
    address: name,
    role: info.role === "master" ? "primary" : "replica",
    connected: true,
    version: info.redis_version ?? "",
    keys: databases.reduce((sum, [, text]) => sum + Number(/keys=(\d+)/.exec(text)?.[1] ?? 0), 0),
    usedMemory: Number(info.used_memory ?? 0),
    maxMemory: Number(info.maxmemory ?? 0),
    clients: Number(info.connected_clients ?? 0),
    hits: Number(info.keyspace_hits ?? 0),
    misses: Number(info.keyspace_misses ?? 0),
    ...time,
  };
}

function recommendationsOf(findings: readonly Finding[]): string[] {
  const grave: readonly Severity[] = ["critical", "warning", "note"];
  const advised = grave.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  return [...new Set(advised.flatMap(({ text, advice }) => (advice === undefined ? [] : [`${text}. ${advice}`])))];
}

/** For people: the state, then a line for each finding with what to do. */
export function formatHealth(report: HealthReport): string {
  const { findings } = report;
  const width = (what: "severity" | "check") => Math.max(...findings.map((finding) => finding[what].length));
  const lines = findings.map(({ severity, check, text, advice }) => {
    const start = `${severity.padEnd(width("severity"))}  ${check.padEnd(width("check"))}  `;
    return `${start}${text}${advice === undefined ? "" : `. ${advice}`}`;
  });
  const number = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const counts = (["critical", "warning", "unknown"] as const)
    .filter((severity) => number(severity) > 0)
    .map((severity) => `${number(severity)} ${severity}`);
  const keys = report.keys === null ? "" : `, ${count(report.keys)} keys`;
  const servers = `${report.topology} of ${report.servers.length} server${report.servers.length === 1 ? "" : "s"}`;
  const end = `${report.status}: ${servers}${keys}${counts.length === 0 ? "" : `; ${counts.join(", ")}`}`;
  return [...lines, end].join("\n");
}
