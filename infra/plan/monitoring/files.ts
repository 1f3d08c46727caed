import type { TopologyName } from "../args.ts";
import { dashboardsOf, dashboardText } from "./dashboards/index.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import { yaml } from "./yaml.ts";

const rulesFile = "rules.yml";

/**
 * What Prometheus and Grafana read, by names of files: `prometheus.yml`, which is whole by itself, `rules.yml`,
 * `scrape.yml` for a Prometheus that has a configuration already (`scrape_config_files`, 2.43 and later; for the rules
 * `rule_files`), and `dashboards/*.json`.
 *
 * @param scrape absent where there are no exporters: the rules then wait for those of the user
 */
export function monitoringFiles(
  topology: TopologyName,
  rules: string,
  scrape: ScrapeConfig | undefined,
): Record<string, string> {
  const dashboards = Object.entries(dashboardsOf(topology));
  return {
    "prometheus.yml": `${yaml({ rule_files: [rulesFile] })}${scrape?.yaml ?? ""}`,
    [rulesFile]: rules,
    ...(scrape && { "scrape.yml": scrape.yaml }),
    ...Object.fromEntries(dashboards.map(([name, dashboard]) => [`dashboards/${name}`, dashboardText(dashboard)])),
  };
}
