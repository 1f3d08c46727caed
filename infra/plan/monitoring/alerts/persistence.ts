import type { AlertRule, Watch } from "../rule.ts";

/** What is kept on disk. */
export function persistence({ of, thresholds, snapshots, aof }: Watch): AlertRule[] {
  const data = 'kind="redis"';
  const ofSnapshots: AlertRule[] = [
    {
      alert: "HearthSnapshotFailed",
      expr: `redis_rdb_last_bgsave_status${of(data)} == 0`,
      for: "1m",
      severity: "critical",
      summary: "the last snapshot of {{ $labels.node }} failed: until one succeeds it refuses writes",
      action: "Its log says why: no room on the disk, no memory for the fork (vm.overcommit_memory), no right.",
    },
    {
      alert: "HearthSnapshotOld",
      expr: `time() - redis_rdb_last_save_timestamp_seconds${of(data)} > ${thresholds.snapshotAge} and redis_rdb_changes_since_last_save${of(data)} > 0`,
      for: "5m",
      severity: "warning",
      summary:
        "the last snapshot of {{ $labels.node }} is {{ $value | humanizeDuration }} old, and there were changes since",
      action: "Look into its log, and start one by BGSAVE.",
    },
  ];
  const ofAof: AlertRule[] = [
    {
      alert: "HearthAofFailed",
      expr: `redis_aof_last_write_status${of(data)} == 0 or redis_aof_last_bgrewrite_status${of(data)} == 0`,
      for: "1m",
      severity: "critical",
      summary: "{{ $labels.node }} cannot write its append-only file",
      action: "Its log says why: no room on the disk, or no memory for the fork.",
    },
  ];
  return [...(snapshots ? ofSnapshots : []), ...(aof ? ofAof : [])];
}
