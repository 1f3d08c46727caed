import type { TopologyName } from "../args.ts";
import type { TopologyPlan } from "../topology.ts";
import type { AlertThresholds } from "./thresholds.ts";

/** A condition that somebody is to be told of, as Prometheus has it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold: `1m`. Absent: told at once. */
  readonly for?: string;
  /** `critical`: somebody is not served, or soon will not be. `warning`: there is time until tomorrow. */
  readonly severity: "critical" | "warning";
  /** What is the case, in one line; `{{ $labels.node }}` and `{{ $value }}` are filled in. */
  readonly summary: string;
  /** What to do first. */
  readonly action: string;
}

/** A figure that is worked out once for all who ask for it. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** What rules are made from. */
export interface Watch {
  readonly topology: TopologyName;
  readonly thresholds: AlertThresholds;
  readonly primaries: number;
  readonly replicasPerPrimary: number;
  readonly sentinels: number;
  readonly quorum: number;
  readonly maxclients: number;
  readonly snapshots: boolean;
  readonly aof: boolean;
  /** When the first of the certificates ends, in seconds since 1970; absent where that is not known, or TLS is off. */
  readonly certificateEnds?: number | undefined;
  /** Names of the plans that warm it; absent: every plan that there are figures of. */
  readonly warmPlans?: readonly string[] | undefined;
  /** Label matchers of the topology, and further ones: `of('kind="redis"')` is `{stack="...",cache="...",kind="redis"}`. */
  of(...more: string[]): string;
}

/** Redis's own, where no directive says another. */
const defaultMaxClients = 10_000;

/**
 * What a topology's rules must know of it.
 *
 * @param stack `<project>/<stack>`
 */
export function watchOf(
  stack: string,
  plan: TopologyPlan,
  thresholds: AlertThresholds,
  known: Pick<Watch, "certificateEnds" | "warmPlans">,
): Watch {
  const data = plan.nodes.filter((node) => node.kind === "redis");
  const primaries = data.filter((node) => node.role === "primary").length;
  const directive = (name: string): string => [data[0]?.directives[name] ?? []].flat().join(" ");
  const own = [`stack=${JSON.stringify(stack)}`, `cache=${JSON.stringify(plan.name)}`];
  return {
    topology: plan.topology,
    thresholds,
    primaries,
    replicasPerPrimary: (data.length - primaries) / primaries,
    sentinels: plan.nodes.length - data.length,
    quorum: plan.monitor?.quorum ?? 0,
    maxclients: Number(directive("maxclients") || defaultMaxClients),
    snapshots: directive("save") !== "",
    aof: directive("appendonly") === "yes",
    ...known,
    of: (...more) => `{${[...own, ...more].join(",")}}`,
  };
}

/** A share as people write it: `80 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
