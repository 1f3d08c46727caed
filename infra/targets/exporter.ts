import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Address } from "../../contract/address.ts";
import type { DockerEngine, Owner } from "../../contract/docker.ts";
import type { Tls } from "../../contract/endpoint.ts";
import { ContainerFiles } from "../operations/container-files.ts";
import { exporterCommand, exporterFiles, exporterOwner, type PlannedExporter } from "../plan/exporters.ts";
import { resolveSecret, type Secrets } from "../plan/secrets.ts";
import { all, secret } from "../pulumi.ts";

/** Where an exporter's volume is mounted, and the folder on it that holds its files. */
const mount = "/hearth";
const folder = `${mount}/exporter`;

/** MiB that an exporter may use; one that watches a node with many databases needs about 20. */
export const exporterMemory = 64;

/** What an exporter on Docker is made from. */
export interface ExporterDeployment {
  /** @pulumi/docker, which is loaded by the target alone. */
  readonly docker: Pick<typeof docker, "Container" | "Volume">;
  readonly exporter: PlannedExporter;
  /** Name of the container; its volume's has `-files` behind it. */
  readonly name: string;
  /** The node's address in the network. */
  readonly watched: Address;
  /** The exporter's own. */
  readonly address: string;
  readonly network: pulumi.Input<string>;
  /** Id of the exporter's image. */
  readonly image: pulumi.Input<string>;
  readonly engine: DockerEngine;
  /** Address of the engine's machine on which the exporter's port is published; absent: it is not. */
  readonly publish?: string | undefined;
  /** Files and connections that it may have open. @default 65535 */
  readonly openFiles?: number | undefined;
  /** As whom it runs. @default 59000:59000, as the image says */
  readonly owner?: Owner | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly secrets: pulumi.Output<Secrets>;
  /** Absent: the node speaks plain TCP. */
  readonly tls?: { readonly client: pulumi.Output<Tls>; readonly mutual: boolean } | undefined;
  /** Of container and volume: their parent and their provider. */
  readonly options: pulumi.CustomResourceOptions;
  /** The node's server: it knows the password before its exporter uses it. */
  readonly after: pulumi.Resource;
}

/** An exporter that was deployed. */
export interface DeployedExporter {
  /** Another one after every start. */
  readonly instance: pulumi.Output<string>;
  readonly resource: pulumi.Resource;
}

/**
 * redis_exporter in a container of its own, hardened as the nodes are. There is no health check: the image has nothing
 * but the program, so the operation `exporters` looks at it from outside. The container is made without being started:
 * its files come first, and it is started by what writes them, and again when one of them is another.
 */
export function deployExporter(deployment: ExporterDeployment): DeployedExporter {
  const { exporter, watched, secrets, tls, engine, options, owner = exporterOwner } = deployment;
  const volume = new deployment.docker.Volume(
    `${exporter.name}-files`,
    { name: `${deployment.name}-files`, driver: "local", labels: listed(deployment.labels) },
    // Its name is taken until it is gone. After the server, for which others wait: nobody waits for an exporter.
    { ...options, deleteBeforeReplace: true, dependsOn: [deployment.after] },
  );
  const container = new deployment.docker.Container(exporter.name, containerOf(deployment, volume.name, owner), {
    ...options,
    deleteBeforeReplace: true,
  });
  const files = secret(
    all([secrets, tls?.client]).apply(([values, client]) =>
      exporterFiles(watched, resolveSecret({ secret: "exporter" }, values), client),
    ),
  );
  const started = new ContainerFiles(
    `${exporter.name}-server`,
    { name: exporter.name, docker: engine, container: container.name, containerId: container.id, folder, files, owner },
    { ...(options.parent && { parent: options.parent }), dependsOn: [deployment.after] },
  );
  return { instance: started.instance, resource: started };
}

function containerOf(
  { exporter, name, watched, address, network, image, publish, labels, tls, openFiles = 65_535 }: ExporterDeployment,
  volume: pulumi.Input<string>,
  { uid, gid }: Owner,
): docker.ContainerArgs {
  const { port } = exporter;
  return {
    name,
    hostname: exporter.name,
    image,
    command: exporterCommand(port, { address: watched, tls: tls !== undefined, mutual: tls?.mutual ?? false }, folder),
    start: false,
    mustRun: false,
    restart: "unless-stopped",
    user: `${uid}:${gid}`,
    readOnly: true,
    privileged: false,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    ulimits: [
      { name: "nofile", soft: openFiles, hard: openFiles },
      { name: "core", soft: 0, hard: 0 },
    ],
    // As much swap as memory in all: none.
    ...{ memory: exporterMemory, memorySwap: exporterMemory },
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    labels: listed(labels),
    mounts: [{ type: "volume", source: volume, target: mount }],
    // As container.ts has it, and why.
    networkMode: "bridge",
    networksAdvanced: [{ name: network, ipv4Address: address, aliases: [exporter.name] }],
    ...(publish !== undefined && { ports: [{ internal: port, external: port, ip: publish, protocol: "tcp" }] }),
    // It has nothing to save.
    stopTimeout: 5,
    destroyGraceSeconds: 5,
  };
}

function listed(labels: Readonly<Record<string, string>>): { readonly label: string; readonly value: string }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }));
}
