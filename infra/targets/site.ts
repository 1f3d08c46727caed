import type * as pulumi from "@pulumi/pulumi";
import type { DockerEngine } from "../../contract/docker.ts";
import type { ExporterAddress } from "../../contract/exporters.ts";
import type { KubernetesApiInputs } from "../../contract/kubernetes.ts";
import type { Owner } from "../plan/kubernetes/manifest.ts";

/**
 * Where the nodes of a topology are, for what is made beside them (Monitoring). Empty where they are processes. It names
 * no type of an optional package: whoever has not installed that one could not compile against ours.
 */
export interface Site {
  readonly docker?: DockerSite;
  readonly kubernetes?: KubernetesSite;
}

/** A network of containers. */
export interface DockerSite {
  /** A DockerModule. */
  readonly module: object;
  readonly engine: DockerEngine;
  readonly provider: pulumi.ProviderResource | undefined;
  readonly network: pulumi.Input<string>;
  /** Where the exporters answer in that network. */
  readonly exporters: readonly ExporterAddress[];
}

/** A namespace of a cluster. */
export interface KubernetesSite {
  /** A KubernetesModule. */
  readonly module: object;
  readonly provider: pulumi.ProviderResource;
  /** The cluster, as the tool is told. */
  readonly api: pulumi.Output<KubernetesApiInputs>;
  readonly owner: Owner;
  /** With it the namespace is there. */
  readonly after: pulumi.Resource;
}
