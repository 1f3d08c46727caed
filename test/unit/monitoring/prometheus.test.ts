import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  checkPrometheus,
  type PrometheusArgs,
  planWatchers,
  withRules,
} from "../../../infra/plan/monitoring/prometheus.ts";
import { FindingsCollector } from "../../../infra/plan/refusals.ts";
import { planStandalone } from "../../../infra/plan/topology.ts";

const input = {
  ...{ name: "monitoring", stack: "shop/dev", plan: planStandalone("cache") },
  exporters: [{ node: "cache-0", host: "10.201.7.100", port: 9121 }],
};

describe("a Prometheus beside the nodes", () => {
  it("scrapes the exporters in the containers' network, and keeps figures for a week", () => {
    const [prometheus, ...others] = planWatchers(input, {});
    expect(others).toEqual([]);
    expect(prometheus).toMatchObject({ name: "monitoring-prometheus", image: "prom/prometheus:v2.53.4", port: 9090 });
    expect(prometheus.command).toContain("--storage.tsdb.retention.time=604800000ms");
    const files = withRules(prometheus.files, "groups: []\n");
    expect(Object.keys(files)).toEqual(["prometheus.yml", "rules.yml"]);
    expect(parse(files["prometheus.yml"] ?? "")).toMatchObject({
      rule_files: ["rules.yml"],
      scrape_configs: [{ static_configs: [{ targets: ["10.201.7.100:9121"], labels: { node: "cache-0" } }] }],
    });
  });

  it("tells an Alertmanager, where there is one, by its name in that network", () => {
    const [prometheus, alertmanager] = planWatchers(input, { port: 9191, alertmanager: { port: 9194 } });
    expect(prometheus.command).toContain("--web.listen-address=:9191");
    expect(parse(prometheus.files["prometheus.yml"] ?? "").alerting).toEqual({
      alertmanagers: [{ static_configs: [{ targets: ["monitoring-alertmanager:9194"] }] }],
    });
    expect(alertmanager).toMatchObject({ name: "monitoring-alertmanager", port: 9194 });
    const config = alertmanager?.files["alertmanager.yml"] ?? "";
    expect(parse(config)).toEqual({ route: { receiver: "nobody" }, receivers: [{ name: "nobody" }] });
    expect(withRules(alertmanager?.files ?? {}, "groups: []\n")).toEqual({ "alertmanager.yml": config });
  });

  it.each<[object, string[]]>([
    [{ port: 80 }, ["prometheus.port: 80 is not allowed: write a whole number from 1024 to 65535, such as 9090"]],
    [
      { image: "Prom/Prometheus" },
      [
        'prometheus.image: "Prom/Prometheus" is not the name of an image: write one such as "prom/prometheus:v2.53.4"; did you mean "prom/prometheus"?',
      ],
    ],
    [{ alertmanager: { port: 9090 } }, ["prometheus.alertmanager.port: 9090 is Prometheus's: write another"]],
    [
      { retention: "1 minute" },
      ['prometheus.retention: "1 minute" is not allowed: write "1 hour" to "365 days", such as "7 days"'],
    ],
  ])("%j is refused", (args, messages) => {
    const findings = new FindingsCollector();
    checkPrometheus(args as PrometheusArgs, findings);
    expect(findings.refusals.map(({ property, message }) => `${property}: ${message}`)).toEqual(messages);
  });
});
