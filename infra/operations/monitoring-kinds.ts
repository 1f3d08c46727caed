import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesApiInputs } from "../../contract/kubernetes.ts";
import type { MonitoringKind } from "../../contract/monitoring.ts";
import { Operation } from "./operation.ts";

/** Which kinds of an operator of Prometheus a cluster knows; known in previews where the cluster answers. */
export class MonitoringKinds extends Operation {
  declare readonly kinds: pulumi.Output<MonitoringKind[]>;

  constructor(
    name: string,
    args: { readonly name: string; readonly kubernetes: pulumi.Input<KubernetesApiInputs> },
    opts: pulumi.CustomResourceOptions = {},
  ) {
    super("MonitoringKinds", "monitoring-kinds", name, { ...args }, ["kinds"], opts);
  }
}
