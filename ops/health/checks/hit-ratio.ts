import { count, percent } from "../../../warmer/figures.ts";
import type { Counted } from "../counters.ts";
import { type Finding, Findings } from "../finding.ts";
import { hitRatioOf } from "../hit-ratio.ts";
import { type Observed, some } from "../observed.ts";
import { askAs } from "../permissions.ts";

/** How many of the users' reads hit. */
export function checkHitRatio(observed: Observed): Finding[] {
  const { thresholds, sinceStart } = observed;
  const findings = new Findings("hit-ratio");
  if (sinceStart === undefined) return findings.add("unknown", "no server tells its counters", askAs("INFO")).list;
  const measured = hitRatioOf(observed);
  if (measured === undefined) {
    return findings.otherwise(() => `${some(sinceStart.hits + sinceStart.misses, "read")} so far: too few to tell`);
  }
  const { ratio, counted } = measured;
  const { target, degraded, low, critical } = thresholds.hitRatio;
  const text = `${percent(ratio)} of ${count(counted.hits + counted.misses)} reads hit ${overWhat(counted)}`;
  const warm = "Warm the cache (hearth warm --only-missing), or give keys longer times to live.";
  const below = (share: number) => `${text} (below ${percent(share)})`;
  const review = `Review what is cached. ${warm}`;
  if (counted.over === "start") {
    // Among these are the reads of the warmer, and all that missed before the cache was warm: no reason for an alarm.
    if (ratio < target) findings.add("note", `${text} (target ${percent(target)})`, ratio < low ? warm : review);
  } else if (ratio < critical) findings.add("critical", below(critical), warm);
  else if (ratio < low) findings.add("warning", below(low), warm);
  else if (ratio < degraded) findings.add("warning", below(degraded), review);
  else if (ratio < target) findings.add("note", `${text} (target ${percent(target)})`, review);
  if (ratio < target && counted.reads > thresholds.readsPerWrite * counted.writes && counted.writes > 0) {
    const times = count(counted.reads / counted.writes);
    findings.add("note", `there are ${times} reads for each write`, "Stable data can have longer times to live.");
  }
  return findings.otherwise(() => text);
}

function overWhat({ over, seconds }: Counted): string {
  return over === "window" ? `in the last ${seconds.toFixed(0)} s` : "since the servers started";
}
