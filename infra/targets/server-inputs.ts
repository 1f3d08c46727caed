import type * as pulumi from "@pulumi/pulumi";
import type { Address } from "../../contract/address.ts";
import type { Monitor } from "../../contract/nodes.ts";
import { renderAcl } from "../plan/acl.ts";
import { versionsByRange } from "../plan/directives/directives.ts";
import { byEffect } from "../plan/directives/effect.ts";
import { operator, resolveSecret, resolveSecretDirectives, type Secrets } from "../plan/secrets.ts";
import type { PlannedNode, TopologyPlan } from "../plan/topology.ts";
import type { TopologyTls } from "../topology-tls.ts";

/** What a node's server is given besides its plan. */
export interface ServerSurroundings {
  readonly plan: TopologyPlan;
  readonly addresses: ReadonlyMap<string, Address>;
  readonly secrets: pulumi.Output<Secrets>;
  readonly tls?: TopologyTls | undefined;
}

/** What the tool must know to log in at a node, and to hand over its role: the same on every target. */
export function loginInputs(node: PlannedNode, { plan, addresses, secrets, tls }: ServerSurroundings) {
  const monitor: Monitor | undefined = plan.monitor && {
    ...plan.monitor,
    primary: addressIn(addresses, plan.monitor.primary),
  };
  const sentinels = plan.nodes.filter((one) => one.kind === "sentinel").map((one) => addressIn(addresses, one.name));
  return {
    name: node.name,
    kind: node.kind,
    role: node.role,
    shard: node.shard,
    ...addressIn(addresses, node.name),
    username: operator,
    password: secrets.apply((values) => resolveSecret({ secret: operator }, values)),
    ...(tls && { tls: tls.client }),
    ...(monitor && { monitor, sentinels }),
  };
}

/** What a node's server is made from, wherever it runs. */
export function serverInputs(node: PlannedNode, surroundings: ServerSurroundings) {
  const { plan, secrets, tls } = surroundings;
  return {
    ...loginInputs(node, surroundings),
    topology: plan.topology,
    versions: versionsByRange(Object.keys(node.directives)),
    ...byEffect(node.kind, node.directives),
    secretDirectives: secrets.apply((values) => resolveSecretDirectives(node.secretDirectives, values)),
    acl: secrets.apply((values) => renderAcl(node.acl, values)),
    ...(tls && { serverTls: tls.server(node.name) }),
  };
}

/** Where a node is reached; throws where the target has given it no address. */
export function addressIn(addresses: ReadonlyMap<string, Address>, name: string): Address {
  const address = addresses.get(name);
  if (!address) throw new Error(`the plan has no node ${name}`);
  return address;
}
