import type { TopologyName } from "../../args.ts";
import { cluster } from "./cluster.ts";
import { latency } from "./latency.ts";
import type { Dashboard } from "./model.ts";
import { overview } from "./overview.ts";
import { replication } from "./replication.ts";
import { warming } from "./warming.ts";

/**
 * Grafana's dashboards for a topology, by the names of their files: those that have something to show.
 *
 * They ask for what redis_exporter (1.45 and later) tells, with the labels of Hearth's scrape configuration; for what
 * `hearth warm --metrics` writes; and, for latency from outside, for what `hearth serve-health` tells.
 */
export function dashboardsOf(topology: TopologyName): Readonly<Record<string, Dashboard>> {
  return {
    "hearth-overview.json": overview,
    ...(topology !== "standalone" && { "hearth-replication.json": replication }),
    ...(topology === "cluster" && { "hearth-cluster.json": cluster }),
    "hearth-latency.json": latency,
    "hearth-warming.json": warming,
  };
}

/** A dashboard as the text of its file. */
export function dashboardText(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}
