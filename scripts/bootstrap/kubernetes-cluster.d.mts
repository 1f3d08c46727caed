/** The one-node cluster of the tests that runs on this machine. */
export interface RunningCluster {
  /** Its first process; by this its namespaces are entered. */
  readonly pid: number;
  readonly kubeconfig: string;
  readonly bin: string;
  readonly run: string;
  /** This machine's address, as pods see it. */
  readonly host: string;
}
export function runningCluster(): RunningCluster | undefined;
export function kubernetesCluster(options?: {
  keep?: boolean;
}): Promise<{ said?: string; why?: string; stop: () => Promise<void> }>;
export function stopCluster(): Promise<void>;
