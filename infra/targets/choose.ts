import type { TopologyPlan } from "../plan/topology.ts";
import { DockerTarget } from "./docker.ts";
import { KubernetesTarget } from "./kubernetes.ts";
import type { KubernetesInput } from "./kubernetes-cluster.ts";
import { type LocalArgs, LocalTarget } from "./local.ts";
import type { Target } from "./target.ts";

/** What targets are told besides the plan. */
export interface TargetArgs extends LocalArgs {
  /** Networks and addresses that are let in. */
  readonly clients?: readonly string[] | undefined;
  readonly monitoring?: readonly string[] | undefined;
  readonly kubernetes?: KubernetesInput | undefined;
}

/** The target of a plan. Throws where the package that it needs is not installed. */
export function targetOf({ docker, kubernetes }: TopologyPlan, args: TargetArgs): Target {
  if (docker) return new DockerTarget(docker);
  if (kubernetes) return new KubernetesTarget(kubernetes, args);
  return new LocalTarget(args);
}
