import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { type Props, withoutEmpty } from "../plugin-values.ts";
import { createOptions, limits, megabyte } from "./container-options.ts";
import { isGone, type Resource, statusOf } from "./resource.ts";
import type { ContainerInputs } from "./shapes.ts";

/** `docker.Container`. */
export const container: Resource<ContainerInputs> = {
  async create(docker, inputs, made) {
    const created = await docker.createContainer(createOptions(inputs));
    made(created.id);
    await connect(docker, created.id, inputs.networksAdvanced ?? []);
    if (inputs.start !== false) await created.start();
    if (inputs.start !== false && inputs.wait) await healthy(created, inputs.waitTimeout ?? 60);
    return created.id;
  },
  async read(docker, id, known) {
    return observed(await docker.getContainer(id).inspect(), known);
  },
  async update(docker, id, olds, news) {
    const changed = docker.getContainer(id);
    if (news.mustRun !== false && news.start !== false && olds.mustRun === false) {
      await changed.start().catch(ignoring(304));
    }
    await changed.update(limits(news));
  },
  async delete(docker, id, { destroyGraceSeconds, removeVolumes }) {
    const doomed = docker.getContainer(id);
    // Without destroyGraceSeconds that is SIGKILL at once, as in the official provider.
    await doomed.stop({ t: destroyGraceSeconds ?? 0 }).catch(ignoring(304, 404));
    // 409: its removal is already in progress
    await doomed.remove({ v: removeVolumes !== false, force: true }).catch(ignoring(404, 409));
    await doomed.wait({ condition: "removed" }).catch(ignoring(404));
  },
};

async function connect(docker: Docker, id: string, networks: NonNullable<ContainerInputs["networksAdvanced"]>) {
  if (networks.length === 0) return;
  await docker
    .getNetwork("bridge")
    .disconnect({ Container: id })
    .catch((error) => {
      if (!/not connected/.test(error.message) && !isGone(error)) throw error;
    });
  for (const { name, aliases, ipv4Address, ipv6Address } of networks) {
    await docker.getNetwork(name).connect({
      Container: id,
      EndpointConfig: {
        ...(aliases && { Aliases: aliases }),
        IPAMConfig: {
          ...(ipv4Address && { IPv4Address: ipv4Address }),
          ...(ipv6Address && { IPv6Address: ipv6Address }),
        },
      },
    });
  }
}

async function healthy(started: Docker.Container, timeoutSeconds: number): Promise<void> {
  for (const end = Date.now() + timeoutSeconds * 1000; ; await sleep(200)) {
    const { State } = await started.inspect();
    if (!State.Health) throw new Error("wait: true needs a container with a healthcheck");
    if (State.Health.Status === "healthy") return;
    if (Date.now() > end) throw new Error(`wait: the container was not healthy within ${timeoutSeconds} s`);
  }
}

/** What Docker says of a container: of the inputs only those that were given, as the rest is the image's or Docker's. */
function observed(found: Docker.ContainerInspectInfo, known: ContainerInputs & Props): Props {
  const { HostConfig: host, Config: config, State: state, NetworkSettings: networks } = found;
  const inputs = withoutEmpty({
    image: known.image.startsWith("sha256:") ? found.Image : config.Image,
    command: config.Cmd,
    entrypoints: config.Entrypoint,
    user: config.User,
    readOnly: host.ReadonlyRootfs,
    privileged: host.Privileged,
    restart: host.RestartPolicy?.Name || "no",
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount,
    memory: (host.Memory ?? 0) / megabyte,
    memoryReservation: (host.MemoryReservation ?? 0) / megabyte,
    cpuShares: host.CpuShares,
    securityOpts: host.SecurityOpt,
    sysctls: host.Sysctls,
    tmpfs: host.Tmpfs,
    logDriver: host.LogConfig?.Type,
    stopTimeout: (config as { StopTimeout?: number }).StopTimeout,
  });
  const swap = host.MemorySwap ?? 0;
  return {
    ...Object.fromEntries(Object.entries(inputs).filter(([key]) => known[key as keyof ContainerInputs] !== undefined)),
    name: found.Name.replace(/^\//, ""),
    hostname: config.Hostname,
    memorySwap: swap > 0 ? swap / megabyte : swap,
    // A container that stands still and must run shows as one that need not, which the next update changes.
    mustRun: known.mustRun !== false && state.Running,
    exitCode: state.ExitCode,
    ...(known.ports && {
      ports: state.Running ? known.ports.map((port) => chosen(port, networks.Ports)) : known.ports,
    }),
    networkDatas: Object.entries(networks.Networks).map(([networkName, network]) => ({
      networkName,
      ipAddress: network.IPAddress,
      ipPrefixLength: network.IPPrefixLen,
      gateway: network.Gateway,
      macAddress: network.MacAddress,
      globalIpv6Address: network.GlobalIPv6Address,
      globalIpv6PrefixLength: network.GlobalIPv6PrefixLen,
      ipv6Gateway: network.IPv6Gateway,
    })),
  };
}

function chosen(port: Port, ports: Docker.ContainerInspectInfo["NetworkSettings"]["Ports"]): Port {
  const bound = ports[`${port.internal}/${port.protocol ?? "tcp"}`]?.find(({ HostIp }) => !HostIp.includes(":"));
  return bound ? { ...port, external: Number(bound.HostPort) } : port;
}
type Port = NonNullable<ContainerInputs["ports"]>[number];

function ignoring(...statuses: readonly number[]): (error: unknown) => void {
  return (error) => {
    if (!statuses.includes(statusOf(error) ?? 0)) throw error;
  };
}
