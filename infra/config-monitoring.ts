import type { MonitoringObjectsArgs } from "./monitoring/kubernetes-objects.ts";
import type { ArgumentChecker } from "./plan/check-values.ts";
import { checkPrometheus, type PrometheusArgs, type WatcherArgs } from "./plan/monitoring/prometheus.ts";
import { FindingsCollector } from "./plan/refusals.ts";
import { TargetName } from "./plan/target-name.ts";
import { show } from "./plan/units.ts";

/** How the stack's cache is watched. */
export interface MonitoringConfig {
  /** Folder for the files of Prometheus and Grafana. */
  readonly directory?: string;
  readonly prometheus?: PrometheusArgs;
  /** On Kubernetes. */
  readonly kubernetes?: MonitoringObjectsArgs;
}

/**
 * The keys of Monitoring.
 *
 * @param refuseOffTarget refuses a key of another target than the stack's
 */
export function readMonitoring(
  checker: ArgumentChecker,
  target: TargetName,
  refuseOffTarget: (key: string, owner: TargetName) => void,
): MonitoringConfig | undefined {
  const directory = checker.text("monitoringDir");
  if (directory === "") checker.refuse("monitoringDir", "is empty: write a folder such as monitoring");
  const objects = truth(checker, "monitoringObjects");
  if (objects && target !== TargetName.Kubernetes) refuseOffTarget("monitoringObjects", TargetName.Kubernetes);
  const prometheus = readPrometheus(checker);
  if (prometheus && target !== TargetName.Docker) refuseOffTarget("prometheus", TargetName.Docker);
  if (!directory && !objects && !prometheus) return undefined;
  // By default Monitoring makes them: files alone were asked for.
  const none = { prometheusRule: false, serviceMonitor: false, dashboards: false };
  return {
    ...(directory && { directory }),
    ...(prometheus && { prometheus }),
    ...(target === TargetName.Kubernetes && { kubernetes: objects ? {} : none }),
  };
}

function readPrometheus(checker: ArgumentChecker): PrometheusArgs | undefined {
  const prometheus = watcher(checker, "prometheus", "prometheusImage");
  const alertmanager = watcher(checker, "alertmanager", "alertmanagerImage");
  if (prometheus === undefined) {
    if (alertmanager) checker.refuse("alertmanager", "needs Prometheus: set hearth:prometheus to true");
    return undefined;
  }
  const args = { ...prometheus, ...(alertmanager && { alertmanager }) };
  const names: Record<string, string> = {
    "prometheus.port": "prometheus",
    "prometheus.image": "prometheusImage",
    "prometheus.alertmanager.port": "alertmanager",
    "prometheus.alertmanager.image": "alertmanagerImage",
  };
  const findings = new FindingsCollector();
  checkPrometheus(args, findings);
  for (const { property, message } of findings.refusals) checker.refuse(names[property] ?? property, message);
  return args;
}

/** `true`, `false` or a port, and an image. */
function watcher(checker: ArgumentChecker, key: string, imageKey: string): WatcherArgs | undefined {
  const value = checker.text(key) ?? "false";
  const image = checker.text(imageKey);
  if (value === "false") return undefined;
  if (value !== "true" && !/^\d+$/.test(value)) {
    return checker.refuse(key, `${show(value)} is not known: write true, false, or a port such as 9090`);
  }
  return { ...(value !== "true" && { port: Number(value) }), ...(image !== undefined && { image }) };
}

function truth(checker: ArgumentChecker, key: string): boolean {
  const value = checker.text(key) ?? "false";
  if (value !== "true" && value !== "false") {
    checker.refuse(key, `${show(value)} is neither true nor false: write one of them`);
  }
  return value === "true";
}
