import type { AlertRule, Watch } from "../rule.ts";

/** Slots, and what the nodes of a cluster say of it. */
export function cluster({ of, topology }: Watch): AlertRule[] {
  if (topology !== "cluster") return [];
  return [
    {
      alert: "HearthClusterDown",
      expr: `redis_cluster_state${of()} == 0`,
      for: "30s",
      severity: "critical",
      summary: "{{ $labels.node }} says that the cluster is down",
      action: "CLUSTER INFO and CLUSTER NODES on it: too few primaries answer, or it is cut off.",
    },
    {
      alert: "HearthSlotsNotCovered",
      expr: `redis_cluster_slots_assigned${of()} < 16384`,
      for: "1m",
      severity: "critical",
      summary: "{{ $labels.node }} knows an owner for {{ $value }} of 16384 slots",
      action:
        "CLUSTER SLOTS shows the gap; pulumi refresh and pulumi up close it: slots that nobody has go back to their shard.",
    },
    {
      alert: "HearthSlotsFailed",
      expr: `redis_cluster_slots_fail${of()} > 0`,
      for: "30s",
      severity: "critical",
      summary: "{{ $value }} slots have no primary that answers, says {{ $labels.node }}",
      action: "Bring the failed primary or its replica back: CLUSTER NODES names it (fail).",
    },
    {
      alert: "HearthSlotsFailing",
      expr: `redis_cluster_slots_pfail${of()} > 0`,
      for: "1m",
      severity: "warning",
      summary: "{{ $labels.node }} does not reach the primary of {{ $value }} slots, though others may",
      action: "Look at the network between the nodes (bus ports too).",
    },
  ];
}
