import type * as docker from "@pulumi/docker";
import { optionalPackage } from "./optional-package.ts";

/** What Hearth uses of @pulumi/docker. */
export type DockerModule = Pick<typeof docker, "Container" | "Network" | "Provider" | "RemoteImage" | "Volume">;

/** The package @pulumi/docker. */
export function dockerModule(): DockerModule {
  return optionalPackage<DockerModule>("@pulumi/docker", "docker");
}
