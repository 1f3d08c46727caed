import type { ExporterAddress } from "../../../contract/exporters.ts";
import { formatAddress } from "../../../contract/format-address.ts";
import type { TopologyPlan } from "../topology.ts";
import { yaml } from "./yaml.ts";

/** How often Prometheus asks every exporter. */
export const scrapeInterval = "15s";

/**
 * Labels that every figure carries. Who is primary is none of them: roles move, and `redis_instance_info` tells them (as
 * a label `role` of its own, which one of ours would push aside).
 */
export interface ScrapeLabels {
  /** `<project>/<stack>`. */
  readonly stack: string;
  /** Name of the component: `cache`. */
  readonly cache: string;
  readonly topology: "standalone" | "sentinel" | "cluster";
  /** Name of the node: `cache-0`, `cache-sentinel-1`. */
  readonly node: string;
  readonly kind: "redis" | "sentinel";
}

/** An exporter as Prometheus sees it. */
export interface ScrapeTarget {
  /** Where the exporter answers, `host:port`. */
  readonly target: string;
  readonly labels: ScrapeLabels;
}

/** What Prometheus must be told to watch a topology. */
export interface ScrapeConfig {
  readonly targets: readonly ScrapeTarget[];
  /** The same as a configuration of Prometheus: whole by itself, and a file for `scrape_config_files` (2.43 and later). */
  readonly yaml: string;
}

/**
 * The scrape configuration of a topology; undefined where it has no exporters.
 *
 * @param stack `<project>/<stack>`
 */
export function scrapeConfigOf(
  stack: string,
  { name, topology, nodes }: Pick<TopologyPlan, "name" | "topology" | "nodes">,
  exporters: readonly ExporterAddress[],
  interval: string = scrapeInterval,
): ScrapeConfig | undefined {
  if (exporters.length === 0) return undefined;
  const targets = exporters.map((exporter): ScrapeTarget => {
    const kind = nodes.find((node) => node.name === exporter.node)?.kind ?? "redis";
    return { target: formatAddress(exporter), labels: { stack, cache: name, topology, node: exporter.node, kind } };
  });
  const job = {
    job_name: `${stack}/${name}`,
    scrape_interval: interval,
    static_configs: targets.map(({ target, labels }) => ({ targets: [target], labels: { ...labels } })),
  };
  return { targets, yaml: yaml({ scrape_configs: [job] }) };
}
