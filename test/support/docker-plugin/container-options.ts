import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { given, labelMap } from "./resource.ts";
import type { ContainerInputs } from "./shapes.ts";

/** Sizes of a container are in MB, which are 1024 * 1024 bytes. */
export const megabyte = 1024 * 1024;

/** What a container is made of, in Docker's words. */
export function createOptions(inputs: ContainerInputs): ContainerCreateOptions {
  const { healthcheck, ports = [], capabilities, networkMode, networksAdvanced } = inputs;
  const { Exposed, Bindings } = published(ports);
  return given({
    name: inputs.name,
    Image: inputs.image,
    Cmd: inputs.command,
    Entrypoint: inputs.entrypoints,
    Env: inputs.envs,
    User: inputs.user,
    WorkingDir: inputs.workingDir,
    Hostname: inputs.hostname,
    StopSignal: inputs.stopSignal,
    StopTimeout: inputs.stopTimeout,
    Labels: labelMap(inputs.labels),
    ExposedPorts: Exposed,
    Healthcheck:
      healthcheck &&
      given({
        Test: healthcheck.tests,
        Interval: nanoseconds(healthcheck.interval),
        Timeout: nanoseconds(healthcheck.timeout),
        StartPeriod: nanoseconds(healthcheck.startPeriod),
        StartInterval: healthcheck.startInterval === undefined ? undefined : nanoseconds(healthcheck.startInterval),
        Retries: healthcheck.retries,
      }),
    HostConfig: given({
      ...limits(inputs),
      PortBindings: Bindings,
      ReadonlyRootfs: inputs.readOnly,
      Init: inputs.init,
      Privileged: inputs.privileged,
      CapAdd: capabilities?.adds,
      CapDrop: capabilities?.drops,
      SecurityOpt: inputs.securityOpts,
      GroupAdd: inputs.groupAdds,
      Sysctls: inputs.sysctls,
      Tmpfs: inputs.tmpfs,
      ShmSize: bytes(inputs.shmSize),
      NanoCpus: inputs.cpus === undefined ? undefined : Math.round(Number(inputs.cpus) * 1e9),
      Ulimits: inputs.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
      LogConfig:
        inputs.logDriver || inputs.logOpts
          ? { Type: inputs.logDriver ?? "json-file", Config: inputs.logOpts ?? {} }
          : undefined,
      ExtraHosts: inputs.hosts?.map(({ host, ip }) => `${host}:${ip}`),
      // The official provider makes every container on the default network, and then connects and disconnects.
      NetworkMode: networkMode ?? (networksAdvanced ? "bridge" : undefined),
      Mounts: inputs.mounts?.map(mount),
    }),
  }) as ContainerCreateOptions;
}

/** The limits and the policy that a running container can be given. */
export function limits(inputs: ContainerInputs): HostConfig {
  return given({
    RestartPolicy: { Name: inputs.restart ?? "no", MaximumRetryCount: inputs.maxRetryCount ?? 0 },
    Memory: bytes(inputs.memory) ?? 0,
    MemoryReservation: bytes(inputs.memoryReservation) ?? 0,
    MemorySwap: bytes(inputs.memorySwap),
    CpuShares: inputs.cpuShares,
  });
}

function bytes(megabytes: number | undefined): number | undefined {
  return megabytes === undefined || megabytes < 0 ? megabytes : megabytes * megabyte;
}

function published(ports: NonNullable<ContainerInputs["ports"]>) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { internal, external, ip, protocol } of ports) {
    const port = `${internal}/${protocol ?? "tcp"}`;
    bindings[port] ??= [];
    bindings[port].push({ HostIp: ip ?? "0.0.0.0", HostPort: external === undefined ? "" : String(external) });
  }
  return { Bindings: bindings, Exposed: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])) };
}

function mount({ type, source, target, readOnly, tmpfsOptions, volumeOptions }: Mount) {
  return given({
    Type: type,
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    TmpfsOptions: tmpfsOptions && given({ Mode: tmpfsOptions.mode, SizeBytes: tmpfsOptions.sizeBytes }),
    VolumeOptions:
      volumeOptions &&
      given({
        NoCopy: volumeOptions.noCopy,
        Labels: volumeOptions.labels && labelMap(volumeOptions.labels),
        Subpath: volumeOptions.subpath,
      }),
  });
}
type Mount = NonNullable<ContainerInputs["mounts"]>[number];

const units: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration as Go writes it, "1m30s", in nanoseconds. */
export function nanoseconds(duration = ""): number {
  const parts = [...duration.matchAll(/([\d.]+)(ns|us|ms|s|m|h)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
}
