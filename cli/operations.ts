import type { OperationHandler } from "../contract/operation.ts";

/** Every operation by its name, loaded when asked for: each request is a process, and start-up is most of its time. */
export const operations: Readonly<Record<string, () => Promise<OperationHandler>>> = {
  "host-tuning": async () => (await import("../ops/host/host-tuning.ts")).hostTuning,
  "local-host": async () => (await import("../ops/local-host.ts")).localHost,
  certificates: async () => (await import("../ops/certificates.ts")).certificates,
  "redis-process": async () => (await import("../ops/redis-process.ts")).redisProcess,
  formation: async () => (await import("../ops/formation.ts")).formation,
  readiness: async () => {
    // Warming comes next: it is loaded while Redis gets ready.
    setTimeout(() => void import("../ops/warm.ts"), 100).unref();
    return (await import("../ops/readiness.ts")).readiness;
  },
  exporters: async () => (await import("../ops/exporters.ts")).exporters,
  firewall: async () => (await import("../ops/firewall.ts")).firewall,
  warm: async () => (await import("../ops/warm.ts")).warm,
};
