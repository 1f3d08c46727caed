import type { Deployment, TopologyName } from "../../infra/plan/args.ts";
import { checkDeployment } from "../../infra/plan/check.ts";

/** What a check says, one line for each property, as the user reads it. */
export function said(topology: TopologyName, args: object, name = "cache"): string[] {
  const findings = checkDeployment(name, { topology, args } as Deployment);
  return findings.refusals.map(({ property, message }) => `${property}: ${message}`);
}
