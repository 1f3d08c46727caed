import type * as pulumi from "@pulumi/pulumi";
import { getProject, getStack } from "@pulumi/pulumi/metadata.js";
import type { Address } from "../../contract/address.ts";
import type { DockerEngine } from "../../contract/docker.ts";
import type { ExporterAddress } from "../../contract/exporters.ts";
import { ContainerTurn } from "../operations/container-turn.ts";
import { DockerHost, type DockerHostArgs } from "../operations/docker-host.ts";
import { ImageServer } from "../operations/image-server.ts";
import { RedisContainer } from "../operations/redis-container.ts";
import { detectionMs } from "../plan/detection.ts";
import { byEffect } from "../plan/directives/effect.ts";
import { announced, type DockerPlan, sentinelMemory } from "../plan/docker.ts";
import { exporterAddresses, planExporters } from "../plan/exporters.ts";
import { resolveSecret } from "../plan/secrets.ts";
import { defaultSubnet, type Layout, layOut } from "../plan/subnet.ts";
import type { PlannedNode, TopologyPlan } from "../plan/topology.ts";
import { bytes } from "../plan/units.ts";
import { definitionOf, mount, type NodeContainer, nodeContainer, replacing } from "./container.ts";
import { chooseEngine } from "./docker-engine.ts";
import { deployExporters } from "./docker-exporters.ts";
import { type DockerModule, dockerModule } from "./docker-module.ts";
import type { DockerSurroundings } from "./docker-surroundings.ts";
import { exporterMemory } from "./exporter.ts";
import { labelsOf, listed, physical } from "./naming.ts";
import { addressIn, loginInputs, serverInputs } from "./server-inputs.ts";
import type { Deployed, DeployedNode, Deployment, Target } from "./target.ts";

/** Containers of a Docker engine, each with an address of its own on the topology's own network. */
export class DockerTarget implements Target {
  readonly #docker: DockerPlan;
  readonly #module: DockerModule;

  constructor(plan: DockerPlan) {
    this.#docker = plan;
    this.#module = dockerModule();
  }

  addresses(plan: TopologyPlan): ReadonlyMap<string, Address> {
    const { data, sentinels } = this.#layout(plan);
    const at = (node: PlannedNode) => (node.kind === "sentinel" ? sentinels : data)[node.index];
    return new Map(plan.nodes.map((node) => [node.name, { host: at(node) ?? "", port: node.port }]));
  }

  names(plan: TopologyPlan): ReadonlyMap<string, readonly string[]> {
    const addresses = this.addresses(plan);
    const published = this.#docker.publish === undefined ? [] : [this.#docker.publish];
    const named = (name: string) => [
      ...[addressIn(addresses, name).host, ...published, physical(name), name],
      ...["127.0.0.1", "localhost", "::1"],
    ];
    return new Map(plan.nodes.map(({ name }) => [name, [...new Set(named(name))]]));
  }

  exporters(plan: TopologyPlan): readonly ExporterAddress[] {
    const { exporters, publish } = this.#docker;
    return exporters ? exporterAddresses(planExporters(plan), this.#layout(plan).exporters, publish) : [];
  }

  deploy(deployment: Deployment): Deployed {
    const { parent } = deployment;
    const layout = this.#layout(deployment.plan);
    const addresses = this.addresses(deployment.plan);
    const hosts = new Map([...addresses].map(([name, { host }]) => [name, host]));
    const plan = announced(deployment.plan, hosts);
    const { runner: mode, runnerImage } = this.#docker;
    const { engine, options } = chooseEngine(this.#module, { parent, name: plan.name, asked: this.#docker.engine });
    const network = physical(plan.name);
    const image = new this.#module.RemoteImage(
      `${plan.name}-image`,
      // It may be somebody else's as well: it stays when the stack goes.
      { name: this.#docker.image, keepLocally: true },
      options,
    );
    const { openFiles } = this.#docker;
    const asked = {
      ...{ name: plan.name, docker: engine, image: this.#docker.image, asked: [...plan.asked], openFiles },
      ...(deployment.tls && { tls: true }),
    };
    const host = this.#host(deployment, layout, engine, asked);
    const server = new ImageServer(
      `${plan.name}-image-server`,
      { ...asked, imageId: image.imageId },
      { parent, dependsOn: [host, image] },
    );
    const surroundings: DockerSurroundings = {
      ...{ ...deployment, plan, addresses, layout, engine, options, image, server },
      runner: { mode, docker: engine, network, image: runnerImage },
      network: new this.#module.Network(`${plan.name}-network`, networkArgs(network, layout, labelsOf(plan)), {
        ...options,
        // Where something runs, nothing of it is touched before all is known to be right.
        dependsOn: deployment.isNew.apply((first) => (first ? [host] : [host, server])),
        // Its name and its subnet are taken until it is gone.
        deleteBeforeReplace: true,
      }),
    };
    const servers = new Map<string, DeployedNode>();
    let before: pulumi.Resource[] = [];
    for (const node of inOrderOfChange(plan)) {
      const server = this.#node(node, surroundings, before);
      servers.set(node.name, server);
      before = [server.resource];
    }
    const nodes = plan.nodes.map(({ name }) => servers.get(name) as DeployedNode);
    if (this.#docker.exporters) deployExporters(surroundings, this.#docker, this.#module, nodes);
    const exporters = this.#docker.exporters ? exporterAddresses(planExporters(plan), layout.exporters) : [];
    const provider = options.provider ?? parent.getProvider("docker:index/container:Container");
    const site = { ...{ module: this.#module, engine, provider, network: surroundings.network.name }, exporters };
    return { nodes, runner: surroundings.runner, site: { docker: site } };
  }

  #layout(plan: TopologyPlan): Layout {
    const count = (kind: PlannedNode["kind"]) => plan.nodes.filter((node) => node.kind === kind).length;
    const { subnet = defaultSubnet(`${getProject()}/${getStack()}/${plan.name}`), exporters } = this.#docker;
    return layOut(subnet, { data: count("redis"), sentinels: count("sentinel"), exporters });
  }

  #host({ parent, plan, behind }: Deployment, layout: Layout, engine: DockerEngine, ahead: DockerHostArgs["ahead"]) {
    const { publish, memoryLimit } = this.#docker;
    const published =
      publish === undefined
        ? []
        : [...plan.nodes.map(({ name, port }) => ({ node: name, host: publish, port })), ...this.exporters(plan)];
    const limits = [
      ...plan.nodes.map(({ kind }) => (kind === "sentinel" ? sentinelMemory : memoryLimit)),
      ...this.exporters(plan).map(() => bytes(`${exporterMemory}mb`)),
    ];
    return new DockerHost(
      `${plan.name}-host`,
      {
        ...{ name: plan.name, topology: plan.topology, docker: engine },
        ...{ network: physical(plan.name), subnet: layout.subnet, published },
        memory: limits.reduce((sum, limit) => sum + limit, 0),
        ahead,
      },
      { parent, ...(behind && { dependsOn: behind }) },
    );
  }

  /**
   * One node: its turn, its container, its server. Nothing of it changes before the node before it is back; all are made
   * side by side where the whole topology is new.
   */
  #node(node: PlannedNode, surroundings: DockerSurroundings, before: readonly pulumi.Resource[]): DeployedNode {
    const { parent, plan, secrets, isNew, image, options, engine, runner, network } = surroundings;
    const name = physical(node.name);
    const labels = { ...labelsOf(plan), "hearth.node": node.name };
    const volume = new this.#module.Volume(
      `${node.name}-data`,
      { name, driver: "local", labels: listed(labels) },
      { ...options, deleteBeforeReplace: true },
    );
    const made: NodeContainer = {
      ...{ node, name, docker: this.#docker, network: surroundings.network.name, volume: name },
      address: addressIn(surroundings.addresses, node.name).host,
      labels: { ...labels, "hearth.role": node.role },
    };
    const args = nodeContainer(made);
    const definition = definitionOf(args, made, image.imageId) as Record<string, string>;
    const turn = new ContainerTurn(
      `${node.name}-turn`,
      {
        ...loginInputs(node, surroundings),
        ...byEffect(node.kind, decisive(node)),
        ...{ docker: engine, container: name, runner },
        definition,
        memoryLimit: Number(args.memory) * bytes("1mb"),
      },
      { parent, dependsOn: isNew.apply((first) => (first ? [] : [network, surroundings.server, ...before])) },
    );
    const container = new this.#module.Container(
      node.name,
      { ...args, image: image.imageId },
      {
        ...{ ...options, dependsOn: [turn, volume, network] },
        ...{ deleteBeforeReplace: true, replaceOnChanges: replacing },
      },
    );
    const password = secrets.apply((values) => resolveSecret({ secret: "exporter" }, values));
    const detected = detectionMs(plan, node);
    const server = new RedisContainer(
      `${node.name}-server`,
      {
        ...serverInputs(node, surroundings),
        ...{ docker: engine, container: name, containerId: container.id, version: surroundings.server.version },
        // With the turn that stops the server, this starts it again, whatever became of the container in between.
        ...{ mount, owner: this.#docker.owner, runner, definition },
        health: password.apply((known) => ({ username: "exporter", password: known })),
        ...(detected !== undefined && { detectionMs: detected }),
      },
      { parent, dependsOn: [container] },
    );
    return { instance: server.instance, dataId: server.dataId, resource: server };
  }
}

/** Replicas, primaries, sentinels: as planned. A node that is primary at its turn hands over first. */
function inOrderOfChange({ nodes }: TopologyPlan): PlannedNode[] {
  const rank = { replica: 0, primary: 1, sentinel: 2 } as const;
  return nodes.toSorted((a, b) => rank[a.role] - rank[b.role]);
}

/** Of a node's directives those that decide how it is taken out of service. Others are its server's business. */
function decisive({ directives }: PlannedNode): PlannedNode["directives"] {
  const names = ["cluster-enabled", "save", "appendonly", "maxmemory"];
  return Object.fromEntries(Object.entries(directives).filter(([name]) => names.includes(name)));
}

function networkArgs(name: string, { subnet, gateway, dynamic }: Layout, labels: Record<string, string>) {
  return {
    name,
    driver: "bridge",
    internal: false,
    ipamConfigs: [{ subnet, gateway, ipRange: dynamic }],
    labels: listed(labels),
  };
}
