import type { ContainerArgs, NetworkArgs, RemoteImageArgs, VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import { unknown } from "../plugin-values.ts";

/** Inputs as they arrive: without outputs and promises. */
export type ContainerInputs = Unwrap<ContainerArgs>;
export type NetworkInputs = Unwrap<NetworkArgs>;
export type VolumeInputs = Unwrap<VolumeArgs>;
export type RemoteImageInputs = Unwrap<RemoteImageArgs>;

/** What a value may be: a list has one element, an object its properties (`*`: any name), `!` those that must be there. */
export type Shape = "string" | "number" | "boolean" | readonly [Shape] | { readonly [property: string]: Shape };

/** The shapes that the SDK's own types allow: a property that it does not know, or knows as another type, is an error of tsc. */
type ShapeOf<T> = T extends string
  ? "string"
  : T extends number
    ? "number"
    : T extends boolean
      ? "boolean"
      : T extends readonly (infer Item)[]
        ? readonly [ShapeOf<Item>]
        : string extends keyof T
          ? { readonly "*": "string" }
          : Shapes<T>;
type Shapes<T> = {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: ShapeOf<NonNullable<T[K]>>;
} & {
  readonly [K in keyof T as undefined extends T[K] ? never : `${K & string}!`]: ShapeOf<T[K]>;
};

const strings = ["string"] as const;
const map = { "*": "string" } as const;
const labels = [{ "label!": "string", "value!": "string" }] as const;

const network: Shapes<NetworkInputs> = {
  name: "string",
  driver: "string",
  internal: "boolean",
  attachable: "boolean",
  ipv6: "boolean",
  options: map,
  labels,
  ipamConfigs: [{ subnet: "string", gateway: "string", ipRange: "string", auxAddress: map }],
};

const volume: Shapes<VolumeInputs> = { name: "string", driver: "string", driverOpts: map, labels };

const remoteImage: Shapes<RemoteImageInputs> = {
  "name!": "string",
  keepLocally: "boolean",
  forceRemove: "boolean",
  platform: "string",
  pullTriggers: strings,
  triggers: map,
};

const container: Shapes<ContainerInputs> = {
  "image!": "string",
  name: "string",
  start: "boolean",
  mustRun: "boolean",
  wait: "boolean",
  waitTimeout: "number",
  destroyGraceSeconds: "number",
  removeVolumes: "boolean",
  command: strings,
  entrypoints: strings,
  envs: strings,
  user: "string",
  workingDir: "string",
  hostname: "string",
  stopSignal: "string",
  stopTimeout: "number",
  labels,
  restart: "string",
  maxRetryCount: "number",
  init: "boolean",
  privileged: "boolean",
  readOnly: "boolean",
  capabilities: { adds: strings, drops: strings },
  securityOpts: strings,
  groupAdds: strings,
  sysctls: map,
  tmpfs: map,
  ulimits: [{ "name!": "string", "soft!": "number", "hard!": "number" }],
  shmSize: "number",
  memory: "number",
  memoryReservation: "number",
  memorySwap: "number",
  cpus: "string",
  cpuShares: "number",
  logDriver: "string",
  logOpts: map,
  hosts: [{ "host!": "string", "ip!": "string" }],
  networkMode: "string",
  ports: [{ "internal!": "number", external: "number", ip: "string", protocol: "string" }],
  networksAdvanced: [{ "name!": "string", aliases: strings, ipv4Address: "string", ipv6Address: "string" }],
  mounts: [
    {
      "target!": "string",
      "type!": "string",
      source: "string",
      readOnly: "boolean",
      tmpfsOptions: { mode: "number", sizeBytes: "number" },
      volumeOptions: { noCopy: "boolean", labels, subpath: "string" },
    },
  ],
  healthcheck: {
    tests: strings,
    interval: "string",
    timeout: "string",
    startPeriod: "string",
    startInterval: "string",
    retries: "number",
  },
};

/** The inputs that the stand-in understands: those that Hearth uses, and their neighbours. All others are refused. */
export const shapes = { network, volume, remoteImage, container } as const satisfies Record<string, Shape>;

/** The types that the stand-in serves. */
export type Kind = keyof typeof shapes;

/**
 * What can be changed without a replacement: in the official provider all that its schema does not mark ForceNew. Of
 * the container's, `healthcheck`, `tmpfs` and `init` are told as updates there as well, and have no effect until the
 * container is replaced by something else: who needs them to, says `replaceOnChanges`.
 */
export const updatable: Record<Kind, readonly string[]> = {
  network: [],
  volume: [],
  remoteImage: ["keepLocally", "forceRemove"],
  container: [
    ...["start", "mustRun", "wait", "waitTimeout", "removeVolumes", "destroyGraceSeconds"],
    ...["restart", "maxRetryCount", "memory", "memoryReservation", "memorySwap", "cpuShares"],
    ...["healthcheck", "tmpfs", "init"],
  ],
};

/** What is wrong with inputs, each with its path. Values that are not known yet fit everywhere. */
export function misfits(value: unknown, shape: Shape, path = ""): { path: string; reason: string }[] {
  if (value === undefined || value === null || value === unknown) return [];
  const wrong = (wanted: string) => [{ path, reason: `must be ${wanted}, not ${JSON.stringify(value)}` }];
  if (typeof shape === "string") return typeof value === shape ? [] : wrong(`a ${shape}`);
  if (isList(shape)) {
    if (!Array.isArray(value)) return wrong("a list");
    return value.flatMap((item, index) => misfits(item, shape[0], `${path}[${index}]`));
  }
  if (typeof value !== "object" || Array.isArray(value)) return wrong("an object");
  const dot = path === "" ? "" : `${path}.`;
  const known = new Map(Object.entries(shape).map(([key, inner]) => [key.replace("!", ""), inner]));
  const given = Object.entries(value).filter(([key]) => !key.startsWith("__"));
  const missing = Object.keys(shape).filter((key) => key.endsWith("!") && !(key.slice(0, -1) in value));
  return [
    ...missing.map((key) => ({ path: dot + key.slice(0, -1), reason: "is required" })),
    ...given.flatMap(([key, item]) => {
      const inner = known.get(key) ?? known.get("*");
      if (inner === undefined) return [{ path: dot + key, reason: "is not served by the tests' stand-in" }];
      return misfits(item, inner, dot + key);
    }),
  ];
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
