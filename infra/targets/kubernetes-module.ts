import type * as kubernetes from "@pulumi/kubernetes";
import { optionalPackage } from "./optional-package.ts";

/** What Hearth uses of @pulumi/kubernetes. */
export type KubernetesModule = Pick<
  typeof kubernetes,
  "apiextensions" | "apps" | "core" | "networking" | "policy" | "Provider"
>;

/** The package @pulumi/kubernetes. */
export function kubernetesModule(): KubernetesModule {
  return optionalPackage<KubernetesModule>("@pulumi/kubernetes", "kubernetes");
}
