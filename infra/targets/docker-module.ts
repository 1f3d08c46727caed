import { createRequire } from "node:module";
import { join } from "node:path";
import type * as docker from "@pulumi/docker";

/** What Hearth uses of @pulumi/docker. */
export type DockerModule = Pick<typeof docker, "Container" | "Network" | "Provider" | "RemoteImage" | "Volume">;

/**
 * The package @pulumi/docker, which only this target needs and which takes 0.2 s to load. It is looked for from the
 * program's folder, as an optional peer of this package.
 */
export function dockerModule(): DockerModule {
  const require = createRequire(join(process.cwd(), "package.json"));
  let path: string;
  try {
    path = require.resolve("@pulumi/docker");
  } catch {
    throw new Error(
      `the target "docker" needs the package @pulumi/docker, which is not installed in ${process.cwd()}: ` +
        "run npm install @pulumi/docker there",
    );
  }
  return require(path) as DockerModule;
}
