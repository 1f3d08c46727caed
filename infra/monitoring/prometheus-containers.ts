import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { ContainerFiles } from "../operations/container-files.ts";
import {
  type PlannedWatcher,
  watcherFolder,
  watcherMount,
  watcherOwner,
  withRules,
} from "../plan/monitoring/prometheus.ts";
import { output } from "../pulumi.ts";
import type { DockerModule } from "../targets/docker-module.ts";
import { listed, physical } from "../targets/naming.ts";
import type { DockerSite } from "../targets/site.ts";

/** What the programs that watch a topology are made from. */
export interface WatchersDeployment {
  readonly parent: pulumi.Resource;
  readonly site: DockerSite;
  readonly watchers: readonly [PlannedWatcher, ...PlannedWatcher[]];
  /** The rules, as YAML. */
  readonly rules: pulumi.Output<string>;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The programs that watch a topology, in containers on its network, hardened as exporters are: files first, then they are
 * started, and again when a file is another. Nobody asks them by an address: the engine gives them any.
 *
 * @returns where Prometheus answers, known when it runs
 */
export function deployWatchers(deployment: WatchersDeployment): pulumi.Output<string> {
  const [prometheus, ...others] = deployment.watchers;
  const started = others.map((watcher) => deployWatcher(watcher, deployment, []));
  const { instance } = deployWatcher(prometheus, deployment, started);
  return instance.apply(() => `http://127.0.0.1:${prometheus.port}`);
}

function deployWatcher(
  watcher: PlannedWatcher,
  { parent, site, rules, labels }: WatchersDeployment,
  after: pulumi.Resource[],
): ContainerFiles {
  const { Container, RemoteImage, Volume } = site.module as DockerModule;
  const { name } = watcher;
  const options = { parent, ...(site.provider && { provider: site.provider }) };
  const image = new RemoteImage(`${name}-image`, { name: watcher.image, keepLocally: true }, options);
  const own = { ...labels, "hearth.role": "monitoring" };
  const volume = new Volume(
    `${name}-files`,
    { name: physical(`${name}-files`), driver: "local", labels: listed(own) },
    { ...options, deleteBeforeReplace: true },
  );
  const args = containerOf(watcher, { image: image.imageId, volume: volume.name, network: site.network, labels: own });
  const container = new Container(name, args, { ...options, deleteBeforeReplace: true });
  return new ContainerFiles(
    `${name}-server`,
    {
      ...{ name, docker: site.engine, container: container.name, containerId: container.id },
      ...{ folder: watcherFolder, owner: watcherOwner },
      files: output(rules).apply((text) => withRules(watcher.files, text)),
    },
    { parent, dependsOn: after },
  );
}

/** What a container is put together from besides the plan. */
interface Surroundings {
  readonly image: pulumi.Input<string>;
  readonly volume: pulumi.Input<string>;
  readonly network: pulumi.Input<string>;
  readonly labels: Readonly<Record<string, string>>;
}

function containerOf(
  { name, port, memory, command }: PlannedWatcher,
  { image, volume, network, labels }: Surroundings,
): docker.ContainerArgs {
  return {
    ...{ name: physical(name), hostname: name, image, command: [...command] },
    ...{ start: false, mustRun: false, restart: "unless-stopped" },
    user: `${watcherOwner.uid}:${watcherOwner.gid}`,
    ...{ readOnly: true, privileged: false, capabilities: { drops: ["ALL"] } },
    securityOpts: ["no-new-privileges:true"],
    // No core file. As much swap as memory in all: none.
    ulimits: [{ name: "core", soft: 0, hard: 0 }],
    ...{ memory, memorySwap: memory },
    ...{ logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } },
    labels: listed(labels),
    mounts: [{ type: "volume", source: volume, target: watcherMount }],
    // As container.ts has it, and why.
    networkMode: "bridge",
    networksAdvanced: [{ name: network, aliases: [name] }],
    ports: [{ internal: port, external: port, ip: "127.0.0.1", protocol: "tcp" }],
    ...{ stopTimeout: 10, destroyGraceSeconds: 10 },
  };
}
