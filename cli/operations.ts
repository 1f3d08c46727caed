import type { OperationHandler } from "../contract/operation.ts";
import { networkOperations } from "../ops/runner/on-network.ts";

/** Every operation by its name, loaded when asked for: each request is a process, and start-up is most of its time. */
export const operations: Readonly<Record<string, () => Promise<OperationHandler>>> = {
  "host-tuning": async () => (await import("../ops/host/host-tuning.ts")).hostTuning,
  "local-host": async () => (await import("../ops/local-host.ts")).localHost,
  certificates: async () => (await import("../ops/certificates.ts")).certificates,
  "redis-process": async () => (await import("../ops/redis-process.ts")).redisProcess,
  "container-files": async () => (await import("../ops/docker/container-files.ts")).containerFiles,
  "monitoring-kinds": async () => (await import("../ops/kubernetes/monitoring-kinds.ts")).monitoringKinds,
  "monitoring-files": async () => (await import("../ops/monitoring-files.ts")).monitoringFiles,
  "docker-host": async () => (await import("../ops/docker/docker-host.ts")).dockerHost,
  "container-turn": async () => (await import("../ops/docker/container-turn.ts")).containerTurn,
  "redis-container": async () => (await import("../ops/docker/redis-container.ts")).redisContainer,
  "kubernetes-host": async () => (await import("../ops/kubernetes/kubernetes-host.ts")).kubernetesHost,
  rollout: async () => (await import("../ops/kubernetes/rollout.ts")).rollout,
  firewall: async () => (await import("../ops/firewall.ts")).firewall,
  ...networkOperations,
};
