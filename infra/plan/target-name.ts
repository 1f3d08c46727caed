/** Where a topology runs. */
export const TargetName = {
  /** Processes of the machine that runs Pulumi. */
  Local: "local",
  /** Containers of a Docker engine. */
  Docker: "docker",
  /** Pods of a Kubernetes cluster. */
  Kubernetes: "kubernetes",
} as const;
export type TargetName = (typeof TargetName)[keyof typeof TargetName];
