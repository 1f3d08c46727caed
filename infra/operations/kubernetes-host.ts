import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { kubernetesHostSchema } from "../../contract/kubernetes-host.ts";
import { Operation } from "./operation.ts";

type Plain = z.infer<typeof kubernetesHostSchema>;

/** Inputs: the cluster may be known later. */
export type KubernetesHostArgs = Omit<Plain, "kubernetes"> & { readonly kubernetes: pulumi.Input<Plain["kubernetes"]> };

/** What a cluster must offer to the pods of a topology; and, when they are taken away, the wait for the last of them. */
export class KubernetesHost extends Operation {
  constructor(name: string, args: KubernetesHostArgs, opts: pulumi.CustomResourceOptions = {}) {
    super("KubernetesHost", "kubernetes-host", name, { ...args }, [], opts);
  }
}
