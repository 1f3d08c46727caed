import type * as pulumi from "@pulumi/pulumi";
import type { AppliedSetting, HostReport, HostTuningInputs } from "../../contract/host.ts";
import { formatHostReport } from "../plan/host-report.ts";
import { warn } from "../pulumi.ts";
import { Operation } from "./operation.ts";

/**
 * The settings and the size of the machine that Redis runs on. Previews and updates warn about all that is not as it
 * should be, with the command that mends it; what cannot fit is refused. With mode `apply`, what may be set is set,
 * and put back when this resource goes and no other topology of the machine needs it.
 */
export class HostTuning extends Operation {
  /** What is not as it should be, and is not mended by this update. */
  declare readonly report: pulumi.Output<HostReport>;
  /** What Hearth has set on this machine that this topology relies on, and what was there before. */
  declare readonly applied: pulumi.Output<Record<string, AppliedSetting>>;

  constructor(name: string, args: Omit<HostTuningInputs, "report">, opts: pulumi.CustomResourceOptions = {}) {
    super("HostTuning", "host-tuning", name, { ...args }, ["report", "applied"], opts);
    this.report.apply((report) => {
      if (report && report.findings.length > 0) void warn(formatHostReport(report, args.mode), this);
    });
  }
}
