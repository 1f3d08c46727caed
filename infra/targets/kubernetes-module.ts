import { createRequire } from "node:module";
import { join } from "node:path";
import type * as kubernetes from "@pulumi/kubernetes";

/** What Hearth uses of @pulumi/kubernetes. */
export type KubernetesModule = Pick<
  typeof kubernetes,
  "apiextensions" | "apps" | "core" | "networking" | "policy" | "Provider"
>;

/** The package @pulumi/kubernetes, which only this target needs: as docker-module.ts has it. */
export function kubernetesModule(): KubernetesModule {
  const require = createRequire(join(process.cwd(), "package.json"));
  let path: string;
  try {
    path = require.resolve("@pulumi/kubernetes");
  } catch {
    throw new Error(
      `the target "kubernetes" needs the package @pulumi/kubernetes, which is not installed in ${process.cwd()}: ` +
        "run npm install @pulumi/kubernetes there",
    );
  }
  return require(path) as KubernetesModule;
}
