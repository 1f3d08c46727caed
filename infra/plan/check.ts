import type { ClusterArgs, Deployment, SentinelArgs, StandaloneArgs } from "./args.ts";
import { type Findings, FindingsCollector } from "./refusals.ts";

/** Everything that is wrong, or risky, about a standalone server of this name with these arguments. */
export function checkStandalone(_name: string, _args: StandaloneArgs): Findings {
  return new FindingsCollector();
}

/** Everything that is wrong, or risky, about a Sentinel topology of this name with these arguments. */
export function checkSentinel(_name: string, _args: SentinelArgs): Findings {
  return new FindingsCollector();
}

/** Everything that is wrong, or risky, about a cluster of this name with these arguments. */
export function checkCluster(_name: string, _args: ClusterArgs): Findings {
  return new FindingsCollector();
}

/** The check of any topology. */
export function checkDeployment(name: string, deployment: Deployment): Findings {
  switch (deployment.topology) {
    case "standalone":
      return checkStandalone(name, deployment.args);
    case "sentinel":
      return checkSentinel(name, deployment.args);
    case "cluster":
      return checkCluster(name, deployment.args);
  }
}
