import type * as pulumi from "@pulumi/pulumi";
import type { MonitoringFilesInputs } from "../../contract/monitoring.ts";
import { Operation } from "./operation.ts";

/** Files for Prometheus and Grafana, as text: a preview shows which lines change. */
export class MonitoringFiles extends Operation {
  constructor(
    name: string,
    args: Omit<MonitoringFilesInputs, "files"> & { readonly files: pulumi.Input<Record<string, string>> },
    opts: pulumi.CustomResourceOptions = {},
  ) {
    super("MonitoringFiles", "monitoring-files", name, { ...args }, [], opts);
  }
}
