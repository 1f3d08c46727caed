import type { V1Container, V1Volume } from "@kubernetes/client-node";

/** Where its data lies, for as long as the pod. */
const folder = "/demo";

/**
 * Small, quick to start, for the pod alone: it listens on the pod's own loopback, and asks nobody for a password. Nothing
 * of it outlives the pod, so nothing need be on disk.
 */
const settings = [
  ...["listen_addresses=127.0.0.1", "unix_socket_directories=", "dynamic_shared_memory_type=mmap"],
  ...["shared_buffers=16MB", "max_connections=40", "fsync=off", "full_page_writes=off", "autovacuum=off", "jit=off"],
  "timezone=UTC",
];

const script = `initdb -D ${folder}/data -U postgres --auth trust -E UTF8 --locale C --no-sync >/dev/null
exec postgres -D ${folder}/data ${settings.map((setting) => `-c ${setting}`).join(" ")}`;

/**
 * An empty PostgreSQL beside the tool, which fills it with the demo's rows (warmer/demo/beside.ts). As an init container
 * that goes on, it does not keep the Job from ending (Kubernetes 1.29 and later).
 */
export function demoContainer(image: string, securityContext: V1Container["securityContext"]): V1Container {
  return {
    ...{ name: "demo", image, imagePullPolicy: "IfNotPresent", restartPolicy: "Always" },
    command: ["sh", "-ec", script],
    ...(securityContext && { securityContext }),
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    volumeMounts: [{ name: "demo", mountPath: folder }],
  };
}

/** The volume of its data. */
export const demoVolume: V1Volume = { name: "demo", emptyDir: { sizeLimit: "512Mi" } };
