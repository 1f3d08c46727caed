import { type AlertRule, percent, type Watch } from "../rule.ts";

/** Nodes that do not answer, and clients that are turned away. */
export function reachable({ of, thresholds, maxclients }: Watch): AlertRule[] {
  return [
    {
      alert: "HearthExporterDown",
      expr: `up${of()} == 0`,
      for: "1m",
      severity: "warning",
      summary: "nobody sees {{ $labels.node }}: its exporter does not answer",
      action:
        "Look at the exporter's container and its log (docker logs, kubectl logs -c exporter); docker start starts it again.",
    },
    {
      alert: "HearthNodeDown",
      expr: `redis_up${of()} == 0`,
      for: "30s",
      severity: "critical",
      summary: "{{ $labels.node }} does not answer",
      action: "Look at the server's log. pulumi refresh and pulumi up start a node that was stopped.",
    },
    {
      alert: "HearthRejectedConnections",
      expr: `increase(redis_rejected_connections_total${of()}[5m]) > 0`,
      severity: "critical",
      summary: "{{ $labels.node }} has turned clients away: it has as many as maxclients allows",
      action: "Find who opens so many connections (CLIENT LIST), or raise maxclients.",
    },
    {
      alert: "HearthClientsNearLimit",
      expr: `redis_connected_clients${of('kind="redis"')} > ${thresholds.clients * maxclients}`,
      for: "5m",
      severity: "warning",
      summary: `{{ $labels.node }} has {{ $value }} clients, more than ${percent(thresholds.clients)} of ${maxclients}`,
      action: "Find who opens so many connections (CLIENT LIST), use pools, or raise maxclients.",
    },
  ];
}
