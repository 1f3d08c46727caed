export function kubernetesPlugin(): Promise<string>;
