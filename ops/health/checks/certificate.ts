import { type Finding, Findings } from "../finding.ts";
import { type Observed, some } from "../observed.ts";

const dayMs = 86_400_000;
const renew =
  "Renew it: pulumi up does with certificates of Hearth's own; your own are put into the folder of hearth:tls.";

/** How long the certificates of servers, authorities and the client are valid. */
export function checkCertificates({ endpoint, certificates, thresholds, now }: Observed): Finding[] {
  if (endpoint.tls === undefined) return [];
  const findings = new Findings("certificate");
  const { warning, critical } = thresholds.certificateDays;
  for (const { of, endsAt } of certificates) {
    const days = (endsAt.getTime() - now.getTime()) / dayMs;
    const on = endsAt.toISOString().slice(0, 10);
    if (days <= 0) findings.add("critical", `${of} ended on ${on}`, renew);
    else if (days <= warning) {
      const severity = days <= critical ? "critical" : "warning";
      findings.add(severity, `${of} ends in ${days.toFixed(1)} days, on ${on}`, renew);
    }
  }
  if (certificates.length === 0) return findings.add("unknown", "no certificate could be looked at").list;
  const first = certificates.toSorted((one, other) => Number(one.endsAt) - Number(other.endsAt))[0]?.endsAt ?? now;
  const days = Math.floor((first.getTime() - now.getTime()) / dayMs);
  return findings.otherwise(
    () => `${some(certificates.length, "certificate")}; the first ends in ${some(days, "day")}`,
  );
}
