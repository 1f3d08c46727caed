import type * as pulumi from "@pulumi/pulumi";
import { getProject, getStack } from "@pulumi/pulumi/metadata.js";
import {
  checkMonitoringObjects,
  type MonitoringObjectsArgs,
  makeMonitoringObjects,
} from "./monitoring/kubernetes-objects.ts";
import { deployWatchers } from "./monitoring/prometheus-containers.ts";
import { MonitoringFiles } from "./operations/monitoring-files.ts";
import { checkThresholds } from "./plan/monitoring/check-thresholds.ts";
import { monitoringFiles } from "./plan/monitoring/files.ts";
import { checkLasting, type Lasting } from "./plan/monitoring/lasting.ts";
import { checkPrometheus, type PrometheusArgs, planWatchers } from "./plan/monitoring/prometheus.ts";
import { type MonitoringRules, monitoringRules } from "./plan/monitoring/rules.ts";
import type { AlertThresholds } from "./plan/monitoring/thresholds.ts";
import { FindingsCollector, RefusalError } from "./plan/refusals.ts";
import { all, ComponentResource, output } from "./pulumi.ts";
import type { RedisTopology } from "./redis-topology.ts";
import { labelsOf } from "./targets/naming.ts";

/** Arguments of Monitoring. */
export interface MonitoringArgs {
  /** What is watched: a component of Hearth. */
  readonly cache: Pick<RedisTopology, "plan" | "scrapeConfig" | "certificatesEndAt" | "site">;
  /**
   * Folder for the files, relative to the folder of Pulumi.yaml. Others may have files there too; destroy removes
   * Hearth's. @default none: outputs alone
   */
  readonly directory?: string | undefined;
  /** From where on somebody is told, where that is not as {@link AlertThresholds} says. */
  readonly thresholds?: Partial<AlertThresholds> | undefined;
  /** How long alerts must hold before somebody is told, where that is not as their rules say: `{ HearthNodeDown: "2 minutes" }`. */
  readonly lasting?: Lasting | undefined;
  /** Names of the warm plans that fill the cache. @default every plan that there are figures of */
  readonly warmPlans?: readonly string[] | undefined;
  /**
   * Where runbooks are, one for each alert: `https://wiki.example.org/redis`; alerts then have a `runbook_url`. Each
   * names the page in Hearth's own docs/runbooks in any case. @default no link
   */
  readonly runbooks?: string | undefined;
  /**
   * A running Prometheus, and perhaps Alertmanager, for development: containers beside the nodes of a cache on Docker,
   * published on 127.0.0.1 of the engine's machine, without a login. @default false
   */
  readonly prometheus?: boolean | PrometheusArgs | undefined;
  /** Objects for an operator of Prometheus, and for Grafana, beside a cache on Kubernetes. @default as its fields say */
  readonly kubernetes?: MonitoringObjectsArgs | undefined;
}

/**
 * What Prometheus and Grafana need to watch a cache, made from what was deployed: scrape configuration, recording and
 * alert rules, dashboards.
 *
 * Throws before anything is registered, with all that is wrong with the arguments.
 */
export class Monitoring extends ComponentResource {
  /** Recording and alert rules, as data and as YAML. */
  readonly rules: pulumi.Output<MonitoringRules>;
  /** All files by their names: `prometheus.yml`, `rules.yml`, `scrape.yml`, `dashboards/*.json`. */
  readonly files: pulumi.Output<Record<string, string>>;
  /** Where Prometheus answers on the engine's machine; undefined where none was asked for. */
  readonly prometheusUrl: pulumi.Output<string | undefined>;

  constructor(name: string, args: MonitoringArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const { cache, directory, thresholds = {}, lasting = {}, warmPlans, runbooks } = args;
    const { plan, site, scrapeConfig, certificatesEndAt } = cache;
    const prometheus = args.prometheus === true ? {} : args.prometheus || undefined;
    const known = { stack: `${getProject()}/${getStack()}`, plan, thresholds, warmPlans, runbooks };
    const findings = new FindingsCollector();
    checkThresholds({ ...thresholds }, findings);
    // All that there can be, whatever is not known yet.
    const possible = monitoringRules({ ...known, thresholds: { rewarmWithin: 1, ...thresholds }, certificateEnds: 1 });
    checkLasting({ ...lasting }, possible.alerts, findings);
    if (directory === "")
      findings.refuse("directory", 'is empty: write a folder such as "monitoring", or leave it out');
    if (prometheus) checkPrometheus(prometheus, findings);
    if (args.kubernetes) checkMonitoringObjects(args.kubernetes, findings);
    checkPlace(args, findings);
    if (findings.refusals.length > 0) throw new RefusalError(`Monitoring "${name}"`, findings.refusals);
    super("hearth:index:Monitoring", name, {}, opts);
    this.rules = certificatesEndAt.apply((end) =>
      monitoringRules({
        ...{ ...known, lasting },
        certificateEnds: end === undefined ? undefined : Math.floor(Date.parse(end) / 1000),
      }),
    );
    this.files = all([this.rules, scrapeConfig]).apply(([rules, scrape]) =>
      monitoringFiles(plan.topology, rules.yaml, scrape),
    );
    if (directory !== undefined) {
      new MonitoringFiles(`${name}-files`, { name, directory, files: this.files }, { parent: this });
    }
    if (site.kubernetes) {
      const given = { parent: this, name, site: site.kubernetes, plan, rules: this.rules };
      makeMonitoringObjects({ ...given, args: args.kubernetes ?? {} });
    }
    const docker = prometheus && site.docker;
    this.prometheusUrl = docker
      ? deployWatchers({
          ...{ parent: this, site: docker, labels: labelsOf(plan) },
          watchers: planWatchers({ name, stack: known.stack, plan, exporters: docker.exporters }, prometheus),
          rules: this.rules.apply(({ yaml }) => yaml),
        })
      : output(undefined);
    const { rules, files, prometheusUrl } = this;
    this.registerOutputs({ rules, files, prometheusUrl });
  }
}

/** Refuses what belongs to another target than the cache's. */
function checkPlace({ cache, prometheus, kubernetes }: MonitoringArgs, findings: FindingsCollector): void {
  const { plan, site } = cache;
  if (prometheus && !site.docker)
    findings.refuse(
      "prometheus",
      "runs beside a cache on Docker: leave it out, and give your own the files (directory)",
    );
  else if (prometheus && plan.docker?.exporters === false)
    findings.refuse("prometheus", "would have nothing to scrape: the cache has exporters: false");
  if (kubernetes && !site.kubernetes)
    findings.refuse(
      "kubernetes",
      "makes objects beside a cache on Kubernetes, and this one is elsewhere: leave it out",
    );
}
