import * as z from "zod";

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
