import { Exporters } from "../operations/exporters.ts";
import type { DockerPlan } from "../plan/docker.ts";
import { exporterAddresses, planExporters } from "../plan/exporters.ts";
import type { DockerModule } from "./docker-module.ts";
import type { DockerSurroundings } from "./docker-surroundings.ts";
import { deployExporter } from "./exporter.ts";
import { labelsOf, physical } from "./naming.ts";
import { addressIn } from "./server-inputs.ts";
import type { DeployedNode } from "./target.ts";

/**
 * An exporter for every node, and the wait until each sees its own.
 *
 * @param nodes in the order of the plan's
 */
export function deployExporters(
  surroundings: DockerSurroundings,
  { exporterImage, publish, openFiles }: DockerPlan,
  docker: DockerModule,
  nodes: readonly DeployedNode[],
): void {
  const { parent, plan, layout, options, engine, secrets, tls, runner } = surroundings;
  const planned = planExporters(plan);
  const image = new docker.RemoteImage(
    `${plan.name}-exporter-image`,
    { name: exporterImage, keepLocally: true },
    options,
  );
  const deployed = planned.map((exporter) => {
    const after = nodes[exporter.index];
    const address = layout.exporters[exporter.index];
    if (!after || address === undefined) throw new Error(`there is no node or address for ${exporter.name}`);
    return deployExporter({
      ...{ docker, exporter, name: physical(exporter.name), address, publish, openFiles, engine, secrets, options },
      ...{ network: surroundings.network.name, image: image.imageId, after: after.resource },
      watched: addressIn(surroundings.addresses, exporter.node),
      labels: { ...labelsOf(plan), "hearth.node": exporter.node, "hearth.role": "exporter" },
      ...(tls && { tls: { client: tls.client, mutual: plan.tls?.mutual ?? false } }),
    });
  });
  new Exporters(
    `${plan.name}-exporters`,
    {
      ...{ name: plan.name, runner },
      // From the containers' network, or from this machine as far as it reaches that: published ports may be elsewhere.
      exporters: exporterAddresses(planned, layout.exporters),
      instances: deployed.map(({ instance }) => instance),
    },
    { parent, dependsOn: deployed.map(({ resource }) => resource) },
  );
}
