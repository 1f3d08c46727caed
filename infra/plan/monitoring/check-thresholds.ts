import type { FindingsCollector } from "../refusals.ts";
import { didYouMean } from "../similar.ts";
import { show } from "../units.ts";
import { alertThresholds } from "./thresholds.ts";

const known = [...Object.keys(alertThresholds), "rewarmWithin"];
const shares = ["memoryWarning", "memoryCritical", "errorRatio", "clients", "warmSuccess"];

/** Refuses thresholds that do not exist, and those that no figure could pass. */
export function checkThresholds(thresholds: Readonly<Record<string, unknown>>, findings: FindingsCollector): void {
  for (const [name, value] of Object.entries(thresholds)) {
    const property = `thresholds.${name}`;
    if (!known.includes(name)) {
      findings.refuse(property, `is not a threshold: there are ${known.join(", ")}${didYouMean(name, known)}`);
      continue;
    }
    if (value === undefined) continue;
    const isShare = shares.includes(name) || name.startsWith("hitRatio");
    const highest = isShare ? 1 : Number.POSITIVE_INFINITY;
    if (typeof value === "number" && value >= 0 && value <= highest) continue;
    const allowed = isShare ? "a share from 0 to 1, such as 0.8" : "a number from 0 up";
    findings.refuse(property, `${show(value)} is not possible: write ${allowed}`);
  }
}
