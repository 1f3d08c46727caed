import type { ValidationReport } from "../../contract/warming.ts";
import { MetricSet } from "./metric-set.ts";
import { labelsOf, type RunIdentity } from "./run-labels.ts";
import { ValidationFigures } from "./validation-figures.ts";

/** What `hearth validate --metrics` writes: names of its own, since the file of a warming may lie beside it. */
export async function validationText(
  identity: RunIdentity,
  report: ValidationReport,
  { ok, durationMs }: { readonly ok: boolean; readonly durationMs: number },
): Promise<string> {
  const set = new MetricSet(labelsOf(identity));
  new ValidationFigures(set, "hearth_validation").set(report);
  const gauge = (name: string, help: string, value: number): void =>
    set.gauge({ name: `hearth_validation_${name}`, help }).set(value);
  gauge("success", "Whether the last validation met the gate", ok ? 1 : 0);
  gauge("duration_seconds", "Time of the last validation", durationMs / 1000);
  gauge("last_run_timestamp_seconds", "When the last validation ended", Date.now() / 1000);
  return (await set.text()).text;
}
