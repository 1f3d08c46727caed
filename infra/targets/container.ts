import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { type DockerPlan, sentinelMemory } from "../plan/docker.ts";
import type { PlannedNode } from "../plan/topology.ts";
import { bytes } from "../plan/units.ts";

/** Where a node's volume is mounted: where images of Redis say theirs is, so that they make none of their own. */
export const mount = "/data";

/** What the container of a node is made from. */
export interface NodeContainer {
  readonly node: PlannedNode;
  /** Its name on the engine. */
  readonly name: string;
  readonly address: string;
  readonly docker: DockerPlan;
  /** Its name, as an output of the network: a network that is replaced must lose its containers first. */
  readonly network: pulumi.Input<string>;
  readonly volume: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The container of a node, but for its image. It is made and not started: the server's files come first. Everything that
 * the provider reads back is written as it reads it, so that a refresh finds nothing to change.
 */
export function nodeContainer(container: NodeContainer): Omit<docker.ContainerArgs, "image"> {
  const { node, name, address, network, volume, labels } = container;
  const { owner, openFiles, publish, memoryLimit } = container.docker;
  const memory = Math.ceil((node.kind === "sentinel" ? sentinelMemory : memoryLimit) / bytes("1mb"));
  const configuration = `${mount}/node/${node.kind === "sentinel" ? "sentinel.conf" : "redis.conf"}`;
  const sentinel = node.kind === "sentinel" ? ["--sentinel"] : [];
  return {
    name,
    hostname: node.name,
    // Any image with a shell will do, whatever its own entry point. The script is one of the server's files.
    entrypoints: ["sh", `${mount}/node/start.sh`],
    command: [configuration, ...sentinel],
    user: `${owner.uid}:${owner.gid}`,
    start: false,
    mustRun: false,
    restart: "unless-stopped",
    readOnly: true,
    privileged: false,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    // No core file: it would hold the data and the passwords.
    ulimits: [
      { name: "nofile", soft: openFiles, hard: openFiles },
      { name: "core", soft: 0, hard: 0 },
    ],
    // In MiB. As much swap as memory in all: none.
    memory,
    memorySwap: memory,
    mounts: [{ type: "volume", source: volume, target: mount }],
    // The provider connects the network afterwards, with the address; made on that network at once, it would have none.
    networkMode: "bridge",
    networksAdvanced: [{ name: network, ipv4Address: address, aliases: [node.name] }],
    ...(publish !== undefined && {
      ports: [{ internal: node.port, external: node.port, ip: publish, protocol: "tcp" }],
    }),
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    healthcheck: {
      tests: ["CMD", "sh", `${mount}/node/health.sh`],
      interval: "10s",
      timeout: "5s",
      startPeriod: "30s",
      startInterval: "0s",
      retries: 3,
    },
    // A server saves what it holds before it ends: so long for `docker stop`, and for the provider.
    stopTimeout: 60,
    destroyGraceSeconds: 60,
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
  };
}

/** Inputs that are changed while the container runs: they do not make another one. */
const updatable = ["memory", "memorySwap", "restart", "destroyGraceSeconds"];

/** Inputs whose change the provider reports as an update that it does not make: only another container has them. */
export const replacing = ["healthcheck", "init", "tmpfs"];

/** What a container is made of, readable: when a value changes, the provider makes another container. */
export function definitionOf(
  args: Omit<docker.ContainerArgs, "image">,
  { node, address, docker }: NodeContainer,
  imageId: pulumi.Input<string>,
): Record<string, pulumi.Input<string>> {
  const { publish, owner, openFiles } = docker;
  const shown = ["user", "ports", "ulimits", "networksAdvanced"];
  const rest = Object.entries(args).filter(([key]) => !updatable.includes(key) && !shown.includes(key));
  const settings = createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 8);
  return {
    // Not its name: under another one the same image makes no other container.
    image: imageId,
    address,
    published: publish === undefined ? "no" : `${publish}:${node.port}`,
    user: `${owner.uid}:${owner.gid}`,
    openFiles: `${openFiles}`,
    settings,
  };
}
