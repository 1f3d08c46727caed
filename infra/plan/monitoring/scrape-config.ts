import type { Address } from "../../../contract/address.ts";
import { formatAddress } from "../../../contract/format-address.ts";
import type { PlannedExporter } from "../exporters.ts";
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
 * The scrape configuration of a topology.
 *
 * @param stack `<project>/<stack>`
 * @param at where each exporter is reached, by its name
 */
export function scrapeConfigOf(
  stack: string,
  plan: Pick<TopologyPlan, "name" | "topology">,
  exporters: readonly PlannedExporter[],
  at: (exporter: PlannedExporter) => Address,
): ScrapeConfig {
  const targets = exporters.map((exporter): ScrapeTarget => {
    const { node, kind } = exporter;
    const labels = { stack, cache: plan.name, topology: plan.topology, node, kind };
    return { target: formatAddress(at(exporter)), labels };
  });
  const job = {
    job_name: `${stack}/${plan.name}`,
    scrape_interval: scrapeInterval,
    static_configs: targets.map(({ target, labels }) => ({ targets: [target], labels: { ...labels } })),
  };
  return { targets, yaml: yaml({ scrape_configs: [job] }) };
}
