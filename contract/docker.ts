import * as z from "zod";
import { addressSchema } from "./address.ts";
import { tlsSchema } from "./endpoint.ts";
import { askedDirectiveSchema, monitorSchema, serverSchema, topologyNameSchema } from "./nodes.ts";
import { dockerEngineSchema, dockerRunnerSchema } from "./runner.ts";

export {
  type DockerEngine,
  type DockerRunner,
  dockerEngineSchema,
  dockerRunnerSchema,
  type RunnerMode,
  runnerModeSchema,
} from "./runner.ts";

/** Numeric user and group that a server runs as, and that its files belong to. */
export const ownerSchema = z.object({ uid: z.number().int().min(1), gid: z.number().int().min(1) });
export type Owner = z.infer<typeof ownerSchema>;

/** What an image's redis-server must be: the part of the operation `docker-host` that takes the image. */
export const imageServerSchema = z.object({
  /** Name of the topology, for progress lines. */
  name: z.string(),
  docker: dockerEngineSchema,
  /** The image of redis-server, looked at where the engine has it: at the latest when this is created. */
  image: z.string(),
  /** Directives that the image's redis-server must know, and whose values it must accept. */
  asked: z.array(askedDirectiveSchema).optional(),
  /** Whether the image's redis-server must have been built with TLS. */
  tls: z.boolean().optional(),
  /** Files that each container may have open: an engine that itself runs in a container may not raise it so far. */
  openFiles: z.number().int().optional(),
  /** Of the image: behind a tag there may be another one than before. Unknown until it was pulled. */
  imageId: z.string().optional(),
});

/** Inputs of the operation `docker-host`: what the engine must offer before any container is made. */
export const dockerHostSchema = z.object({
  /** Name of the topology, for progress lines. */
  name: z.string(),
  docker: dockerEngineSchema,
  network: z.string(),
  /** Must not overlap with another network of the engine, nor with a route of this machine. */
  subnet: z.string(),
  /** Published ports, that must be free on the engine's machine. */
  published: z.array(addressSchema.extend({ node: z.string() })),
  topology: topologyNameSchema.optional(),
  /** Bytes that all containers together may use, against the engine's memory. */
  memory: z.number().int().optional(),
});

/**
 * Inputs of the operation `redis-container`: the server in a container that Pulumi made and did not start. Its files are
 * put into the container's volume, then it is started; later changes are set live, or restart it.
 */
export const redisContainerSchema = serverSchema.extend({
  docker: dockerEngineSchema,
  /** The container's name. */
  container: z.string(),
  /** Another one: a container that was made anew, over the same volume. */
  containerId: z.string(),
  /** Version of the image's redis-server. */
  version: z.string(),
  /** Folder in the container where its volume is mounted; the server's own folder is `<mount>/node`. */
  mount: z.string(),
  owner: ownerSchema,
  runner: dockerRunnerSchema,
  /** As whom the health check looks at the server: `exporter`, which may read INFO and nothing else. */
  health: z.object({ username: z.string(), password: z.string() }),
  /**
   * Milliseconds after which the others of its topology count it as gone, and have a replica take over. A primary that
   * crashed is not started again before that. Absent where none would take over.
   */
  detectionMs: z.number().int().optional(),
});

/**
 * Inputs of the operation `container-turn`, which comes before a container in the graph. When `definition` changes, the
 * container is about to be replaced: its server hands over and is stopped. Else it does nothing.
 */
export const containerTurnSchema = serverSchema
  .pick({ name: true, role: true, shard: true, host: true, port: true, kind: true, directives: true, username: true })
  .extend({
    password: z.string(),
    tls: tlsSchema.optional(),
    monitor: monitorSchema.optional(),
    sentinels: z.array(addressSchema).optional(),
    docker: dockerEngineSchema,
    container: z.string(),
    /** What the container is made of, readable: `image`, `memory limit`, ... Another value: another container. */
    definition: z.record(z.string(), z.string()),
    /** Bytes that the container may use, set while it runs. When they become less, the server gives back memory first. */
    memoryLimit: z.number().int().optional(),
    runner: dockerRunnerSchema,
  });

/**
 * Inputs of the operation `container-files`: files for a container that Pulumi made and did not start. They are put into
 * a volume of the container, then it is started; when they change it is restarted.
 */
export const containerFilesSchema = z.object({
  name: z.string(),
  docker: dockerEngineSchema,
  container: z.string(),
  containerId: z.string(),
  /** Folder in the container, on a volume. */
  folder: z.string(),
  /** Contents by their names in the folder; mode 0600, secret. */
  files: z.record(z.string(), z.string()),
  owner: ownerSchema,
});
