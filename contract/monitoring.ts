import * as z from "zod";
import { kubernetesApiSchema } from "./kubernetes.ts";

/** Name of a file below a folder: no way out of it, nothing hidden. */
const fileName = z.string().regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/);

/** Inputs of the operation `monitoring-files`: what Prometheus and Grafana read. No secret is in it. */
export const monitoringFilesSchema = z.object({
  /** Name of the component, for progress lines. */
  name: z.string(),
  /** Relative to the folder of Pulumi.yaml. */
  directory: z.string().min(1),
  /** Contents by name. */
  files: z.record(fileName, z.string()),
});
export type MonitoringFilesInputs = z.infer<typeof monitoringFilesSchema>;

/** Kinds of an operator of Prometheus that objects can be made of. */
export const monitoringKindNames = ["PrometheusRule", "ServiceMonitor"] as const;
export type MonitoringKind = (typeof monitoringKindNames)[number];

/** Inputs of the operation `monitoring-kinds`: which of them a cluster knows. */
export const monitoringKindsSchema = z.object({ name: z.string(), kubernetes: kubernetesApiSchema });
