import type { AlertRule, Watch } from "../rule.ts";

const isPrimary = 'role="master"';

/** Primaries, replicas, and the way between them. */
export function replication({ of, topology, thresholds, primaries, replicasPerPrimary }: Watch): AlertRule[] {
  if (topology === "standalone") return [];
  const roles = `redis_instance_info${of('kind="redis"', isPrimary)}`;
  const replicasOfPrimaries = (condition: string): string =>
    `redis_connected_slaves${of('kind="redis"')} ${condition} and on (stack, cache, node) ${roles}`;
  const wanted: AlertRule[] = [
    {
      alert: "HearthReplicaMissing",
      expr: replicasOfPrimaries(`< ${replicasPerPrimary}`),
      for: "2m",
      severity: "warning",
      summary: `the primary {{ $labels.node }} has {{ $value }} of ${replicasPerPrimary} replicas`,
      action: "See which node is down or does not connect; pulumi refresh and pulumi up start it again.",
    },
    {
      alert: "HearthNoReplica",
      expr: replicasOfPrimaries("== 0"),
      for: "1m",
      severity: "critical",
      summary: "the primary {{ $labels.node }} has no replica: with it, its data would be gone",
      action: "Bring a replica back before anything else is restarted; with min-replicas-to-write, writes are refused.",
    },
  ];
  return [
    {
      alert: "HearthReplicationBroken",
      expr: `redis_master_link_up${of('kind="redis"')} == 0`,
      for: "1m",
      severity: "critical",
      summary:
        "the replica {{ $labels.node }} has no connection to its primary {{ $labels.master_host }}:{{ $labels.master_port }}",
      action: "The replica's log says why: wrong password, network, or a first synchronisation that does not end.",
    },
    {
      alert: "HearthReplicationLag",
      expr: `redis_connected_slave_lag_seconds${of('kind="redis"')} > ${thresholds.replicationLag}`,
      for: "1m",
      severity: "warning",
      summary:
        "a replica of {{ $labels.node }} ({{ $labels.slave_ip }}:{{ $labels.slave_port }}) is {{ $value }} s behind",
      action: "Look at the network and at the load of both; a failover now would lose what the replica does not have.",
    },
    {
      alert: "HearthPrimaries",
      expr: `(count(${roles}) or vector(0)) != ${primaries}`,
      for: "1m",
      severity: "critical",
      summary: `{{ $value }} nodes say that they are primary, and it should be ${primaries}`,
      action:
        "Too few: a failover did not succeed (see the sentinels' or nodes' logs). Too many: somebody was cut off, and must not be written to.",
    },
    ...(replicasPerPrimary > 0 ? wanted : []),
  ];
}
