import type { AlertRule, Watch } from "../rule.ts";

/** Whether the sentinels can still act, and agree. */
export function sentinel({ of, topology, sentinels, quorum }: Watch): AlertRule[] {
  if (topology !== "sentinel") return [];
  // A failover needs the quorum to see that the primary is gone, and a majority to choose who acts.
  const needed = Math.max(quorum, Math.floor(sentinels / 2) + 1);
  const alive = `count(redis_up${of('kind="sentinel"')} == 1) or vector(0)`;
  return [
    {
      alert: "HearthQuorumLost",
      expr: `(${alive}) < ${needed} or max(redis_sentinel_master_ckquorum_status${of()}) == 0`,
      for: "30s",
      severity: "critical",
      summary: `the sentinels cannot fail over: ${needed} of ${sentinels} are needed`,
      action: "Bring sentinels back; SENTINEL CKQUORUM says what is missing.",
    },
    {
      alert: "HearthSentinelDown",
      expr: `(${alive}) < ${sentinels}`,
      for: "2m",
      severity: "warning",
      summary: `{{ $value }} of ${sentinels} sentinels answer`,
      action: "pulumi refresh and pulumi up start a sentinel that was stopped.",
    },
    {
      alert: "HearthSentinelsDisagree",
      expr: `count(count by (master_address) (redis_sentinel_master_status${of()})) > 1`,
      for: "1m",
      severity: "critical",
      summary: "the sentinels name {{ $value }} different primaries",
      action: "SENTINEL GET-MASTER-ADDR-BY-NAME on each says who is behind; the sentinels must reach each other.",
    },
  ];
}
