import type { Duration } from "../args.ts";
import type { TopologyPlan } from "../topology.ts";
import { certificate } from "./alerts/certificate.ts";
import { cluster } from "./alerts/cluster.ts";
import { commandRecords, commands } from "./alerts/commands.ts";
import { hitRatio, hitRatioRecords } from "./alerts/hit-ratio.ts";
import { memory, memoryRecords } from "./alerts/memory.ts";
import { persistence } from "./alerts/persistence.ts";
import { reachable } from "./alerts/reachable.ts";
import { replication } from "./alerts/replication.ts";
import { sentinel } from "./alerts/sentinel.ts";
import { warming } from "./alerts/warming.ts";
import { type Lasting, promDuration, withLasting } from "./lasting.ts";
import { type AlertRule, type RecordingRule, type Watch, watchOf } from "./rule.ts";
import { type AlertThresholds, alertThresholds } from "./thresholds.ts";
import { yaml } from "./yaml.ts";

/** Rules that are evaluated together, as Prometheus has them. */
export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly Readonly<Record<string, string | Readonly<Record<string, string>>>>[];
}

/** The rules of one topology, for its kind and its size. */
export interface MonitoringRules {
  readonly records: readonly RecordingRule[];
  readonly alerts: readonly AlertRule[];
  /** The same as Prometheus takes them, with labels and annotations. */
  readonly groups: readonly RuleGroup[];
  /** The same as a file of rules for Prometheus. */
  readonly yaml: string;
}

/** What rules are made for. */
export interface RulesInput {
  /** `<project>/<stack>`. */
  readonly stack: string;
  readonly plan: TopologyPlan;
  /** Those that are not the usual ones. */
  readonly thresholds?: Partial<AlertThresholds> | undefined;
  /** When the first of the certificates ends, in seconds since 1970. */
  readonly certificateEnds?: number | undefined;
  /** Names of the plans that warm the cache. @default every plan that there are figures of */
  readonly warmPlans?: readonly string[] | undefined;
  /** How long an alert must hold, where that is not as its rule says: `{ HearthNodeDown: "2 minutes" }`. */
  readonly lasting?: Lasting | undefined;
  /** How often rules are evaluated. @default "15 seconds" */
  readonly interval?: Duration | undefined;
  /** Where the runbooks are, one for each alert: `https://wiki.example.org/redis`. @default no link to one */
  readonly runbooks?: string | undefined;
}

/** Alert and recording rules of a topology. Every figure is one that redis_exporter 1.45 has without asking for CONFIG. */
export function monitoringRules(input: RulesInput): MonitoringRules {
  const { stack, plan, thresholds, certificateEnds, warmPlans, lasting = {}, runbooks } = input;
  const interval = promDuration(input.interval ?? "15 seconds");
  const watch = watchOf(stack, plan, { ...alertThresholds, ...thresholds }, { certificateEnds, warmPlans });
  const records = [memoryRecords, hitRatioRecords, commandRecords].flatMap((make) => make(watch));
  const rules = makers.flatMap((make) => make(watch));
  const alerts = withLasting(rules, lasting);
  const name = `${stack}/${plan.name}`;
  // Whoever has no labels of a figure (a count of none) is still known by these.
  const labels = { stack, cache: plan.name, topology: plan.topology };
  const groups: RuleGroup[] = [
    { name: `${name} figures`, interval, rules: records.map((record) => ({ ...record, labels })) },
    { name: `${name} alerts`, interval, rules: alerts.map((rule) => alertOf(rule, labels, runbooks)) },
  ];
  return { records, alerts, groups, yaml: yaml({ groups: groups.map((group) => ({ ...group })) }) };
}

const makers: readonly ((watch: Watch) => AlertRule[])[] = [
  ...[reachable, memory, hitRatio, commands],
  ...[replication, sentinel, cluster, persistence, certificate, warming],
];

/** The page of this package that says how to find the cause of an alert, and how to mend it. */
function runbookOf(alert: string): string {
  return `hearth/docs/runbooks/${alert}.md`;
}

function alertOf(rule: AlertRule, labels: Record<string, string>, runbooks: string | undefined) {
  const { alert, expr, severity, summary, action } = rule;
  return {
    alert,
    expr,
    ...(rule.for !== undefined && { for: rule.for }),
    labels: { ...labels, severity },
    annotations: {
      ...{ summary, action, runbook: runbookOf(alert) },
      ...(runbooks !== undefined && { runbook_url: `${runbooks}/${alert}` }),
    },
  };
}
