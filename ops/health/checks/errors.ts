import { count, percent } from "../../../warmer/figures.ts";
import { type Finding, Findings } from "../finding.ts";
import type { Observed } from "../observed.ts";
import { askAs } from "../permissions.ts";

/** How many commands were answered with an error. */
export function checkErrors({ window, sinceStart, thresholds }: Observed): Finding[] {
  const findings = new Findings("errors");
  if (sinceStart === undefined) return findings.add("unknown", "no server tells its counters", askAs("INFO")).list;
  const counted = window !== undefined && window.commands >= thresholds.minReads ? window : sinceStart;
  if (counted.commands < thresholds.minReads) {
    return findings.otherwise(() => `${count(counted.commands)} commands so far: too few to tell`);
  }
  const share = counted.errors / counted.commands;
  const when = counted.over === "window" ? `in the last ${counted.seconds.toFixed(0)} s` : "since the servers started";
  const text = `${percent(share)} of ${count(counted.commands)} commands were answered with an error ${when}`;
  // Those of long ago, as while the servers were set up, are a word only where nothing newer was counted.
  if (share > thresholds.errors.warning && (counted.over === "window" || window === undefined)) {
    const advice = "INFO errorstats tells which; ACL LOG tells who was refused what.";
    findings.add(counted.over === "window" ? "warning" : "note", text, advice);
  }
  return findings.otherwise(() => text);
}
