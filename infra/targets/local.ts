import { hostname } from "node:os";
import type * as pulumi from "@pulumi/pulumi";
import { getStack } from "@pulumi/pulumi/metadata.js";
import type { Address } from "../../contract/address.ts";
import { HostTuning } from "../operations/host-tuning.ts";
import { LocalHost } from "../operations/local-host.ts";
import { RedisProcess } from "../operations/redis-process.ts";
import { type HostTuningMode, hostNeeds } from "../plan/host.ts";
import { reachedAt } from "../plan/listen.ts";
import { localNames } from "../plan/tls.ts";
import type { PlannedNode, TopologyPlan } from "../plan/topology.ts";
import { addressIn, serverInputs } from "./server-inputs.ts";
import type { Deployed, Deployment, Target } from "./target.ts";

/** What the local target is told. */
export interface LocalArgs {
  /** Folder for the nodes' folders, relative to the folder of Pulumi.yaml. @default ".hearth/<stack>/<name>" */
  readonly directory?: string | undefined;
  /** What is done about the kernel's settings. @default "check" */
  readonly hostTuning?: HostTuningMode | undefined;
}

/** Processes of this machine, on fixed ports of 127.0.0.1 (or of `bind`). */
export class LocalTarget implements Target {
  readonly #args: LocalArgs;

  constructor(args: LocalArgs = {}) {
    this.#args = args;
  }

  addresses(plan: TopologyPlan): ReadonlyMap<string, Address> {
    return new Map(plan.nodes.map((node) => [node.name, { host: hostOf(node), port: node.port }]));
  }

  names(plan: TopologyPlan): ReadonlyMap<string, readonly string[]> {
    const named = (node: PlannedNode) => [hostOf(node), ...localNames(bindOf(node), hostname())];
    return new Map(plan.nodes.map((node) => [node.name, [...new Set(named(node))]]));
  }

  /** Whoever wants to watch processes runs redis_exporter beside them: docs/monitoring.md. */
  exporters(): readonly [] {
    return [];
  }

  deploy({ parent, plan, secrets, isNew, tls, behind }: Deployment): Deployed {
    const addresses = this.addresses(plan);
    const directory = this.#args.directory ?? `.hearth/${getStack()}/${plan.name}`;
    const ports = plan.nodes.flatMap((node) => {
      const address = { node: node.name, ...addressIn(addresses, node.name) };
      return node.busPort === undefined ? [address] : [address, { ...address, port: node.busPort }];
    });
    const host = new LocalHost(
      `${plan.name}-host`,
      { name: plan.name, topology: plan.topology, directory, ports, asked: [...plan.asked], ...(tls && { tls: true }) },
      { parent },
    );
    const { hostTuning: mode = "check" } = this.#args;
    const tuning =
      mode === "off"
        ? []
        : [
            new HostTuning(
              `${plan.name}-host-tuning`,
              { name: plan.name, mode, directory, needs: hostNeeds(plan) },
              { parent },
            ),
          ];
    const first = [host, ...tuning, ...(behind ? [behind] : [])];
    const make = (node: PlannedNode, dependsOn: pulumi.Input<pulumi.Resource[]>) =>
      new RedisProcess(
        node.name,
        { ...serverInputs(node, { plan, addresses, secrets, tls }), directory: `${directory}/${node.name}` },
        { parent, dependsOn },
      );
    const data = plan.nodes
      .filter(({ kind }) => kind === "redis")
      .map((node) => [node.name, make(node, first)] as const);
    // A sentinel whose new password the data nodes do not take yet counts them as down.
    const after = isNew.apply((created) => (created ? first : [...first, ...data.map(([, process]) => process)]));
    const sentinels = plan.nodes.filter(({ kind }) => kind === "sentinel");
    const made = new Map([...data, ...sentinels.map((node) => [node.name, make(node, after)] as const)]);
    return {
      nodes: plan.nodes.map(({ name }) => {
        const process = made.get(name) as RedisProcess;
        return { instance: process.instance, dataId: process.dataId, resource: process };
      }),
    };
  }
}

/** The first address that a node listens on; a wildcard is reached over loopback. */
function hostOf(node: PlannedNode): string {
  return reachedAt(bindOf(node));
}

function bindOf(node: PlannedNode): string | undefined {
  return node.directives.bind === undefined ? undefined : String(node.directives.bind);
}
