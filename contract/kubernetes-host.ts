import * as z from "zod";
import { kubernetesApiSchema } from "./kubernetes.ts";

/** Inputs of the operation `kubernetes-host`: what a cluster must offer to the pods of a topology. */
export const kubernetesHostSchema = z.object({
  /** Name of the topology. */
  name: z.string(),
  kubernetes: kubernetesApiSchema,
  namespace: z.string(),
  /** By which its pods are known. */
  labels: z.record(z.string(), z.string()),
  /** Bytes of each data node's volume; absent: none. */
  storage: z.number().optional(),
  /** Absent: the cluster's default. */
  storageClass: z.string().optional(),
});
