/** What is looked at, in the order of a report. */
export const checkNames = [
  "connection",
  "read-write",
  "replication",
  "quorum",
  "slots",
  "memory",
  "clients",
  "persistence",
  "certificate",
  "hit-ratio",
  "errors",
] as const;
export type CheckName = (typeof checkNames)[number];

/**
 * How grave a finding is, the worst first. `critical`: requests fail, or data is about to be lost. `warning`: it serves,
 * but less well, or less safely, than it was built to. `unknown`: the user may not ask. `note`: all right, and there is
 * advice. `ok`: nothing to do.
 */
export const severities = ["critical", "warning", "unknown", "note", "ok"] as const;
export type Severity = (typeof severities)[number];

/** One thing that was found. */
export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  /** What is so, with the server and the figures: a sentence without its full stop. */
  readonly text: string;
  /** What to do about it: sentences. */
  readonly advice?: string;
}

/** The state of a whole cache. */
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** The state that findings add up to. What is not known is not held against the cache. */
export function statusOf(findings: readonly Finding[]): HealthStatus {
  if (findings.some(({ severity }) => severity === "critical")) return "unhealthy";
  return findings.some(({ severity }) => severity === "warning") ? "degraded" : "healthy";
}

/** In the order of a report: by check, and the worst first within one. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (one, other) =>
      checkNames.indexOf(one.check) - checkNames.indexOf(other.check) ||
      severities.indexOf(one.severity) - severities.indexOf(other.severity),
  );
}

/** Findings of one check. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #check: CheckName;

  constructor(check: CheckName) {
    this.#check = check;
  }

  add(severity: Severity, text: string, advice?: string): this {
    this.list.push({ check: this.#check, severity, text, ...(advice !== undefined && { advice }) });
    return this;
  }

  /** What is said where nothing else was found. */
  otherwise(text: () => string, severity: Severity = "ok", advice?: string): Finding[] {
    if (this.list.length === 0) this.add(severity, text(), advice);
    return this.list;
  }
}
