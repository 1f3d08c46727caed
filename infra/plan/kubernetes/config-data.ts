import type { Address } from "../../../contract/address.ts";
import { healthScript } from "../../../contract/health-script.ts";
import { detectionMs } from "../detection.ts";
import type { PlannedNode, TopologyPlan } from "../topology.ts";
import { nodeConf } from "./node-conf.ts";
import { type PodPaths, podPaths, scriptFiles, secretFiles } from "./paths.ts";
import { preStopScript } from "./prestop-script.ts";
import { type ScriptInput, tlsOptions } from "./scripts.ts";
import { startScript } from "./start-script.ts";

/**
 * The ConfigMap of the pods of one StatefulSet, by file: the readable part of each node's configuration, and the scripts.
 *
 * @param addressOf where each node of the plan is reached, by its name
 */
export function configData(
  plan: TopologyPlan,
  nodes: readonly PlannedNode[],
  addressOf: (name: string) => Address,
): Record<string, string> {
  const [first] = nodes;
  if (first === undefined) throw new Error("there is no node to make a ConfigMap for");
  const tls = plan.tls && { mutual: plan.tls.mutual };
  const confs = nodes.map((node): [string, string] => [
    `${node.name}.conf`,
    nodeConf(node, { paths: podPaths, host: addressOf(node.name).host, tls, goneMs: goneMs(plan, node) }),
  ]);
  return {
    ...Object.fromEntries(confs),
    ...scriptsOf(plan, first, podPaths, addressOf),
    [scriptFiles.health]: healthOf(plan, first, podPaths),
  };
}

/** The scripts of the pods that are like this node: what starts them, and what hands over before they stop. */
export function scriptsOf(
  plan: TopologyPlan,
  node: PlannedNode,
  paths: PodPaths,
  addressOf: (name: string) => Address,
): Record<string, string> {
  const { topology, monitor } = plan;
  const all = (kind: PlannedNode["kind"]) => plan.nodes.filter((one) => one.kind === kind).map(({ name }) => name);
  const input: ScriptInput = {
    ...{ topology, kind: node.kind, port: node.port, paths, persistent: isPersistent(node) },
    ...(plan.tls && { tls: { mutual: plan.tls.mutual } }),
    hasReplicas: goneMs(plan, node) !== undefined,
    ...(monitor && {
      watched: {
        ...{ masterName: monitor.masterName, quorum: monitor.quorum, primary: addressOf(monitor.primary) },
        sentinels: all("sentinel").map(addressOf),
        data: all("redis").map(addressOf),
      },
    }),
  };
  return {
    [scriptFiles.start]: startScript(input),
    ...(handsOver(plan, node) && { [scriptFiles.preStop]: preStopScript(input) }),
  };
}

/** Cluster: milliseconds after which a node counts as gone, and a replica takes over; undefined where there is none. */
export function goneMs(plan: TopologyPlan, node: PlannedNode): number | undefined {
  return plan.topology === "cluster" ? detectionMs(plan, node) : undefined;
}

/** Whether a node may have a replica to hand over to. */
export function handsOver({ topology }: TopologyPlan, { kind }: PlannedNode): boolean {
  return topology !== "standalone" && kind === "redis";
}

/** Whether a restart keeps the data. */
export function isPersistent({ directives }: PlannedNode): boolean {
  return directives.appendonly === "yes" || [directives.save ?? []].flat().some((one) => one.trim() !== "");
}

/** What the probes run. All pods of a kind have the same. */
export function healthOf(
  { name, topology, tls }: TopologyPlan,
  { kind, port }: PlannedNode,
  { secret }: Pick<PodPaths, "secret">,
): string {
  return healthScript({
    ...{ name: `the ${kind === "sentinel" ? "sentinels" : "nodes"} of ${name}`, kind, port, probes: true },
    ...{ user: "exporter", cluster: topology === "cluster" },
    login: `${secret}/${secretFiles.health}`,
    options: tlsOptions({ secret }, tls && { mutual: tls.mutual }),
  });
}
