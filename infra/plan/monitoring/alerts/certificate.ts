import type { AlertRule, Watch } from "../rule.ts";

/** Certificates near their end: when that is, is known when the rules are made. */
export function certificate({ certificateEnds, thresholds }: Watch): AlertRule[] {
  if (certificateEnds === undefined) return [];
  return [
    {
      alert: "HearthCertificateExpires",
      expr: `vector(${certificateEnds}) - time() < ${thresholds.certificateLeft}`,
      severity: "warning",
      summary: "a certificate ends in {{ $value | humanizeDuration }}",
      action: "pulumi up renews certificates that Hearth made, and these rules with them; replace your own.",
    },
  ];
}
