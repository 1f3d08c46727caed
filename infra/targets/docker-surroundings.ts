import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Address } from "../../contract/address.ts";
import type { DockerEngine, DockerRunner } from "../../contract/docker.ts";
import type { ImageServer } from "../operations/image-server.ts";
import type { Layout } from "../plan/subnet.ts";
import type { Deployment } from "./target.ts";

/** What the resources of one topology have in common. */
export interface DockerSurroundings extends Deployment {
  readonly addresses: ReadonlyMap<string, Address>;
  readonly layout: Layout;
  readonly engine: DockerEngine;
  readonly runner: DockerRunner;
  /** Parent and provider of what @pulumi/docker makes. */
  readonly options: pulumi.CustomResourceOptions;
  readonly network: docker.Network;
  readonly image: docker.RemoteImage;
  readonly server: ImageServer;
}
