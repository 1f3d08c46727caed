import { dataSource, type Variable } from "./model.ts";

/** Which Prometheus. */
export const source: Variable = {
  ...{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" },
  ...{ refresh: 1, multi: false, includeAll: false, hide: 0 },
};

/** Values that a label of a metric has. */
function values(name: string, label: string, metric: string, of: string, several: boolean): Variable {
  const definition = `label_values(${metric}, ${of})`;
  return {
    ...{ name, label, type: "query", definition, query: { query: definition, refId: `Variable-${name}` } },
    ...{ datasource: dataSource, refresh: 2, sort: 1, multi: several, includeAll: several, hide: 0 },
    ...(several && { allValue: ".*" }),
  };
}

/** The labels that Hearth's scrape configuration gives every figure: stack, cache, and here those of a kind of server. */
export function ofCache(matchers = ""): Variable[] {
  const among = (more: string) => `redis_up{${[more, matchers].filter(Boolean).join(",")}}`;
  return [
    source,
    values("stack", "Stack", among(""), "stack", false),
    values("cache", "Cache", among('stack="$stack"'), "cache", false),
    values("node", "Node", among('stack="$stack",cache="$cache"'), "node", true),
  ];
}

/** Of the warmer's figures. */
export const ofWarming: readonly Variable[] = [
  source,
  values("plan", "Plan", "hearth_warm_running", "plan", true),
  values("dataset", "Dataset", 'hearth_warm_keys_total{plan=~"$plan"}', "dataset", true),
];

/** The nodes that are chosen: `{stack="$stack",cache="$cache",node=~"$node"}`, and further matchers. */
export function nodes(...more: string[]): string {
  return `{${['stack="$stack"', 'cache="$cache"', 'node=~"$node"', ...more].join(",")}}`;
}

/** Every node of the cache, whichever are chosen. */
export function all(...more: string[]): string {
  return `{${['stack="$stack"', 'cache="$cache"', ...more].join(",")}}`;
}

/** How much a counter of the chosen nodes grows per second. */
export function rate(metric: string, ...more: string[]): string {
  return `rate(${metric}${nodes(...more)}[$__rate_interval])`;
}

/** A figure of the nodes that are primaries now. */
export function ofPrimaries(figure: string): string {
  return `${figure} * on (stack, cache, node) group_left () redis_instance_info${all('role="master"')}`;
}
