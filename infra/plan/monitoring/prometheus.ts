import type { ExporterAddress } from "../../../contract/exporters.ts";
import type { Duration } from "../args.ts";
import { ArgumentChecker } from "../check-values.ts";
import { isImageName, likelyImageName } from "../image-name.ts";
import type { FindingsCollector } from "../refusals.ts";
import type { TopologyPlan } from "../topology.ts";
import { milliseconds, show } from "../units.ts";
import { scrapeConfigOf } from "./scrape-config.ts";
import { yaml } from "./yaml.ts";

/** A program in a container, published on the engine's machine for whoever develops there. */
export interface WatcherArgs {
  /** Its image, whose entry point is the program. */
  readonly image?: string | undefined;
  /** Port on 127.0.0.1 of the engine's machine. */
  readonly port?: number | undefined;
}

/** A Prometheus for development, beside the nodes. */
export interface PrometheusArgs extends WatcherArgs {
  /** Prometheus 2.42 or later. @default "prom/prometheus:v2.53.4" */
  readonly image?: string | undefined;
  /** @default 9090 */
  readonly port?: number | undefined;
  /** How long it keeps figures; they are lost with its container. @default "7 days" */
  readonly retention?: Duration | undefined;
  /**
   * Whether an Alertmanager runs beside it, which shows what it is told and tells nobody.
   * `{ image: "prom/alertmanager:v0.27.0", port: 9093 }` are its defaults. @default false
   */
  readonly alertmanager?: boolean | WatcherArgs | undefined;
}

/** A program in a container, as data. */
export interface PlannedWatcher {
  /** `monitoring-prometheus` */
  readonly name: string;
  readonly image: string;
  readonly port: number;
  /** MiB that it may use. */
  readonly memory: number;
  readonly command: readonly string[];
  /** What it reads besides rules, by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where a watcher's volume is mounted, and its own folder on it. */
export const watcherMount = "/hearth";
export const watcherFolder = `${watcherMount}/watcher`;

/** As whom watchers run: nobody, as their images say. */
export const watcherOwner = { uid: 65_534, gid: 65_534 } as const;

export const watcherDefaults = {
  prometheus: { image: "prom/prometheus:v2.53.4", port: 9090 },
  alertmanager: { image: "prom/alertmanager:v0.27.0", port: 9093 },
  retention: "7 days",
} as const;

const configName = { prometheus: "prometheus.yml", alertmanager: "alertmanager.yml" } as const;
const rulesName = "rules.yml";

/** What a Prometheus beside a topology is made from. */
export interface WatchersInput {
  /** Of the component. */
  readonly name: string;
  /** `<project>/<stack>`. */
  readonly stack: string;
  readonly plan: Pick<TopologyPlan, "name" | "topology" | "nodes">;
  /** Where the exporters answer in the containers' network. */
  readonly exporters: readonly ExporterAddress[];
}

/** Prometheus, and Alertmanager where it is asked for. The arguments must have passed their check. */
export function planWatchers(input: WatchersInput, args: PrometheusArgs): [PlannedWatcher, ...PlannedWatcher[]] {
  const told = alertmanagerOf(args);
  const alertmanager = told && planAlertmanager(input, told);
  const { image = watcherDefaults.prometheus.image, port = watcherDefaults.prometheus.port, retention } = args;
  const scrape = scrapeConfigOf(input.stack, input.plan, input.exporters);
  const config = {
    rule_files: [rulesName],
    ...(alertmanager && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`${alertmanager.name}:${alertmanager.port}`] }] }] },
    }),
  };
  const prometheus: PlannedWatcher = {
    ...{ name: `${input.name}-prometheus`, image, port, memory: 512 },
    command: [
      `--config.file=${watcherFolder}/${configName.prometheus}`,
      `--storage.tsdb.path=${watcherFolder}/data`,
      `--storage.tsdb.retention.time=${milliseconds(retention ?? watcherDefaults.retention)}ms`,
      `--web.listen-address=:${port}`,
    ],
    files: { [configName.prometheus]: yaml(config) + (scrape?.yaml ?? "") },
  };
  return alertmanager ? [prometheus, alertmanager] : [prometheus];
}

/** The files of a planned Prometheus, with the rules, which are known only later. */
export function withRules(files: PlannedWatcher["files"], rules: string): Record<string, string> {
  return { ...files, ...(configName.prometheus in files && { [rulesName]: rules }) };
}

function planAlertmanager({ name }: WatchersInput, args: WatcherArgs): PlannedWatcher {
  const { image = watcherDefaults.alertmanager.image, port = watcherDefaults.alertmanager.port } = args;
  return {
    ...{ name: `${name}-alertmanager`, image, port, memory: 128 },
    command: [
      `--config.file=${watcherFolder}/${configName.alertmanager}`,
      `--storage.path=${watcherFolder}/data`,
      `--web.listen-address=:${port}`,
      // One is enough: no port for others of its kind.
      "--cluster.listen-address=",
    ],
    files: { [configName.alertmanager]: yaml({ route: { receiver: "nobody" }, receivers: [{ name: "nobody" }] }) },
  };
}

function alertmanagerOf({ alertmanager = false }: PrometheusArgs): WatcherArgs | undefined {
  if (alertmanager === false) return undefined;
  return alertmanager === true ? {} : alertmanager;
}

/** Refuses what no container can be made of. */
export function checkPrometheus(args: PrometheusArgs, findings: FindingsCollector): void {
  const prometheus = new ArgumentChecker({ ...args }, findings, "prometheus.");
  prometheus.known("prometheus", ["image", "port", "retention", "alertmanager"], () => undefined);
  checkWatcher(prometheus, watcherDefaults.prometheus);
  prometheus.duration("retention", { min: 3_600_000, max: 365 * 86_400_000, default: watcherDefaults.retention });
  const { alertmanager } = args;
  if (alertmanager === undefined || typeof alertmanager === "boolean") return;
  if (typeof alertmanager !== "object" || alertmanager === null) {
    prometheus.refuse("alertmanager", `${show(alertmanager)} is not possible: write true, false or { port: 9093 }`);
    return;
  }
  const other = new ArgumentChecker({ ...alertmanager }, findings, "prometheus.alertmanager.");
  other.known("alertmanager", ["image", "port"], () => undefined);
  checkWatcher(other, watcherDefaults.alertmanager);
  const port = args.port ?? watcherDefaults.prometheus.port;
  if (port === (alertmanager.port ?? watcherDefaults.alertmanager.port))
    other.refuse("port", `${port} is Prometheus's: write another`);
}

function checkWatcher(args: ArgumentChecker, usual: { readonly image: string; readonly port: number }): void {
  args.integer("port", { min: 1024, max: 65_535, default: usual.port });
  const image = args.text("image");
  if (image === undefined || isImageName(image)) return;
  const meant = likelyImageName(image);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  args.refuse("image", `${show(image)} is not the name of an image: write one such as "${usual.image}"${hint}`);
}
