import type { Endpoint } from "../../contract/endpoint.ts";
import { type CheckerOptions, HealthChecker } from "../../ops/health/checker.ts";
import type { CheckName, Finding, Severity } from "../../ops/health/finding.ts";
import type { HealthReport } from "../../ops/health/report.ts";

/** One look at a cache. */
export async function checkOnce(endpoint: Endpoint, options: CheckerOptions = {}): Promise<HealthReport> {
  const checker = new HealthChecker(endpoint, { timeoutMs: 1500, ...options });
  try {
    return await checker.check();
  } finally {
    await checker.close();
  }
}

/** Findings that say something is wrong or not known: `check severity: text`. */
export function complaints({ findings }: { readonly findings: readonly Finding[] }): string[] {
  return findings
    .filter(({ severity }) => severity !== "ok" && severity !== "note")
    .map(({ check, severity, text }) => `${check} ${severity}: ${text}`);
}

/** The findings of one check. */
export function found(report: { readonly findings: readonly Finding[] }, check: CheckName): [Severity, string][] {
  return report.findings.filter((one) => one.check === check).map(({ severity, text }) => [severity, text]);
}
