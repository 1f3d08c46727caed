import * as z from "zod";
import { kubernetesRunnerSchema } from "./kubernetes.ts";

/** Where the Docker engine is, in the words of @pulumi/docker's provider. Empty: as `docker` itself finds it. */
export const dockerEngineSchema = z.object({
  /** `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`, `npipe:////./pipe/docker_engine`. @default DOCKER_HOST, else the current context */
  host: z.string().optional(),
  /** Name of a context of the docker command. */
  context: z.string().optional(),
  /** Folder with `ca.pem`, `cert.pem` and `key.pem`. @default DOCKER_CERT_PATH */
  certPath: z.string().optional(),
});
export type DockerEngine = z.infer<typeof dockerEngineSchema>;

/** Where what speaks to the nodes runs: `here`, in this process; `container`, on their network; `auto`: here where a node can be reached. */
export const runnerModeSchema = z.enum(["here", "container", "auto"]);
export type RunnerMode = z.infer<typeof runnerModeSchema>;

/** How the nodes of a topology in Docker containers are reached. */
export const dockerRunnerSchema = z.object({
  mode: runnerModeSchema,
  docker: dockerEngineSchema,
  /** Name of the containers' network. */
  network: z.string(),
  /** Image with Node 20 or later, for the one-off container. */
  image: z.string(),
});
export type DockerRunner = z.infer<typeof dockerRunnerSchema>;

/** How the nodes of a topology are reached that may not be reached from here. */
export const runnerSchema = z.union([kubernetesRunnerSchema, dockerRunnerSchema]);
export type RunnerInputs = z.infer<typeof runnerSchema>;
