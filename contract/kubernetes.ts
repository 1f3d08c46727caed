import * as z from "zod";

/** Which cluster, in the words of @pulumi/kubernetes' provider. Empty: as `kubectl` itself finds it. */
export const kubernetesApiSchema = z.object({
  /** Path of a kubeconfig, or its text (secret). @default KUBECONFIG, else ~/.kube/config, else the pod's own account */
  kubeconfig: z.string().optional(),
  /** Name of a context in it. @default the current one */
  context: z.string().optional(),
});
export type KubernetesApiInputs = z.infer<typeof kubernetesApiSchema>;

/** How the nodes of a topology on Kubernetes are reached: by Jobs in their namespace. */
export const kubernetesRunnerSchema = z.object({
  kubernetes: kubernetesApiSchema,
  namespace: z.string(),
  /** Image with Node 20 or later. */
  image: z.string(),
  /** Image with PostgreSQL 14 or later, for warming from the demo's rows. @default contract/demo-image.ts */
  demoImage: z.string().optional(),
  /** Labels of the Jobs' pods: by them the topology's NetworkPolicy lets them in. */
  labels: z.record(z.string(), z.string()),
});
export type KubernetesRunner = z.infer<typeof kubernetesRunnerSchema>;
