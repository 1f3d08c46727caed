import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { DockerEngine } from "../../contract/docker.ts";
import { resolvedEngine } from "../../ops/docker/context.ts";
import { all, Config } from "../pulumi.ts";
import type { DockerModule } from "./docker-module.ts";

/** The engine that @pulumi/docker and the tool are both told, and whose children and provider resources on it have. */
export interface ChosenEngine {
  /** Where a provider of the user's says it, an output. */
  readonly engine: DockerEngine;
  readonly options: pulumi.CustomResourceOptions;
}

/**
 * The engine of a topology: by the arguments, by a provider of the user's, by the stack's configuration of the provider,
 * else as the docker command finds it. It is looked up once, here, as @pulumi/docker does not know the docker command's
 * current context: so both use the same engine, and another one than before shows in the preview.
 *
 * The provider is always one of our own, unless there is the user's: from the default provider to one of our own Pulumi
 * goes by replacing everything, volumes too.
 */
export function chooseEngine(
  { Provider }: Pick<DockerModule, "Provider">,
  { parent, name, asked }: { readonly parent: pulumi.Resource; readonly name: string; readonly asked: DockerEngine },
): ChosenEngine {
  const isAsked = Object.keys(asked).length > 0;
  const given = isAsked ? undefined : parent.getProvider("docker:index/container:Container");
  if (given) return { engine: engineOf(given as docker.Provider), options: { parent } };
  const config = new Config("docker");
  const engine = resolvedEngine(isAsked ? asked : inConfig(config));
  // Registries that images are pulled from, and the way to an engine over ssh, are the provider's alone.
  const registryAuth = config.getSecretObject<docker.ProviderArgs["registryAuth"]>("registryAuth");
  const sshOpts = config.getObject<string[]>("sshOpts");
  const args = { ...engine, ...(registryAuth && { registryAuth }), ...(sshOpts && { sshOpts }) };
  return {
    engine,
    options: { parent, provider: new Provider(`${name}-docker`, args as docker.ProviderArgs, { parent }) },
  };
}

function inConfig(config: pulumi.Config): DockerEngine {
  const keys = ["host", "context", "certPath"] as const;
  return Object.fromEntries(keys.map((key) => [key, config.get(key)]).filter(([, value]) => value !== undefined));
}

/** As a provider itself takes what it was given. Its own properties are outputs, which operations take like values. */
function engineOf({ host, context, certPath }: docker.Provider): DockerEngine {
  const said = all([host, context, certPath]).apply(([host, context, certPath]) => {
    const certificates = certPath ? { certPath } : {};
    const { DOCKER_CONTEXT, ...env } = process.env;
    if (context) return resolvedEngine({ context, ...certificates }, env);
    if (!host && DOCKER_CONTEXT) return resolvedEngine({ context: DOCKER_CONTEXT, ...certificates }, env);
    return resolvedEngine({ host: host || env.DOCKER_HOST || usualSocket, ...certificates });
  });
  return said as unknown as DockerEngine;
}

/** Where a provider looks that was told nothing, whatever the current context is. */
const usualSocket = "unix:///var/run/docker.sock";
