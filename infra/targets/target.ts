import type * as pulumi from "@pulumi/pulumi";
import type { Address } from "../../contract/address.ts";
import type { ExporterAddress } from "../../contract/exporters.ts";
import type { RunnerInputs } from "../../contract/runner.ts";
import type { Secrets } from "../plan/secrets.ts";
import type { TopologyPlan } from "../plan/topology.ts";
import type { TopologyTls } from "../topology-tls.ts";
import type { Site } from "./site.ts";

/** What every target is given: a plan, and whose children its resources are. */
export interface Deployment {
  readonly parent: pulumi.Resource;
  readonly plan: TopologyPlan;
  readonly secrets: pulumi.Output<Secrets>;
  /** Whether the topology is deployed for the first time: there is no server yet that another must wait for. */
  readonly isNew: pulumi.Output<boolean>;
  /** Absent: plain TCP. */
  readonly tls?: TopologyTls | undefined;
  /** What must be in place before anything listens: the firewall. */
  readonly behind?: pulumi.Resource | undefined;
}

/** A node that was deployed. */
export interface DeployedNode {
  /** Another one after every start of the process, container or pod. */
  readonly instance: pulumi.Output<string>;
  /** Another one when the node's data is another. */
  readonly dataId: pulumi.Output<string>;
  /** What must exist before the node can be used. */
  readonly resource: pulumi.Resource;
}

/** What a target has made. */
export interface Deployed {
  /** In the order of the plan's nodes. */
  readonly nodes: readonly DeployedNode[];
  /** How the nodes are reached, where that may not be possible from here. */
  readonly runner?: pulumi.Input<RunnerInputs>;
  /** Where they are. @default processes of this machine */
  readonly site?: Site;
}

/**
 * Where nodes run. A target knows nothing of topologies: it is handed nodes, and makes each of them. The addresses
 * that it gives are those that the nodes announce, and stay the same when a node restarts.
 */
export interface Target {
  /** The plan as nodes have it there, which all else is asked about; absent: as it was planned. */
  planOf?(plan: TopologyPlan): TopologyPlan;
  /** Where each node of the plan is reached, by the node's name. */
  addresses(plan: TopologyPlan): ReadonlyMap<string, Address>;
  /** Every name and address by which each node is reached, by the node's name: the first is that of `addresses`. */
  names(plan: TopologyPlan): ReadonlyMap<string, readonly string[]>;
  /** Where Prometheus reaches the exporter of each node; none where the target runs none. */
  exporters(plan: TopologyPlan): readonly ExporterAddress[];
  /** Makes the nodes. */
  deploy(deployment: Deployment): Deployed;
}
