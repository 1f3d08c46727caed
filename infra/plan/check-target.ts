import { checkDocker } from "./check-docker.ts";
import type { ArgumentChecker } from "./check-values.ts";
import { exporterPort } from "./exporters.ts";
import { checkKubernetes } from "./kubernetes/check.ts";
import type { TakenPorts } from "./ports.ts";
import { TargetName } from "./target-name.ts";
import { bytes, formatBytes, show } from "./units.ts";

/** The arguments that choose and configure the target. */
export const targetKeys = ["target", "docker", "kubernetes", "exporters"] as const;

/** What of a topology matters to where it runs. */
export interface TargetSubject {
  readonly name: string;
  readonly topology: "standalone" | "sentinel" | "cluster";
  /** Data nodes. */
  readonly data: number;
  readonly sentinels: number;
}

/** Where a topology is to run, and what belongs to that. */
export function checkTarget(args: ArgumentChecker, { name, topology, data, sentinels }: TargetSubject): void {
  const target = args.choice("target", Object.values(TargetName), TargetName.Local);
  const exporters = args.flag("exporters", target !== TargetName.Local);
  if (target === undefined) return;
  refuseOtherTargets(args, target);
  if (target === TargetName.Local) {
    if (exporters) refuseExporters(args);
    return;
  }
  checkLimit(args);
  if (target === TargetName.Docker) checkDocker(args, { data, sentinels, exporters: exporters ?? true });
  else checkKubernetes(name, args, topology);
}

/** Ports that the exporters take where they would be in the way of so many nodes. */
export function exporterPorts(args: ArgumentChecker, nodes: number): TakenPorts[] {
  if (args.value("exporters") === false) return [];
  const first = exporterPort;
  // In its pod each has the server beside it.
  if (onKubernetes(args)) return [{ what: "the exporter beside it", first, last: first }];
  const docker = (args.value("docker") ?? {}) as { readonly publish?: unknown };
  const isPublished = (docker.publish ?? false) !== false;
  if (args.value("target") !== TargetName.Docker || !isPublished) return [];
  return [{ what: "the exporters, published beside them", first, last: first + nodes - 1 }];
}

/** How many ports so many nodes take: every pod has an address of its own, so that all use one. */
export function portsFor(args: ArgumentChecker, nodes: number): number {
  return onKubernetes(args) ? 1 : nodes;
}

function onKubernetes(args: ArgumentChecker): boolean {
  return args.value("target") === TargetName.Kubernetes;
}

function refuseOtherTargets(args: ArgumentChecker, target: TargetName): void {
  for (const key of [TargetName.Docker, TargetName.Kubernetes]) {
    if (key === target || args.value(key) === undefined) continue;
    args.refuse(key, `is for the target "${key}", and target is "${target}": write target "${key}", or leave it out`);
  }
}

function refuseExporters(args: ArgumentChecker): void {
  const fix =
    'write target "docker" or "kubernetes", or run redis_exporter beside Redis yourself, as the user exporter';
  args.refuse("exporters", `true needs a target on which exporters are containers: ${fix}`);
}

/** Docker gives a container no less than 6mb, and a server takes 10 before it holds anything. */
function checkLimit(args: ArgumentChecker): void {
  const least = bytes("16mb");
  const value = args.value("memoryLimit");
  if (value === undefined || args.findings.refused("memoryLimit")) return;
  const limit = bytes(value as string);
  if (limit >= least) return;
  args.refuse("memoryLimit", `${show(value)} is too little for a container: write at least "${formatBytes(least)}"`);
}
